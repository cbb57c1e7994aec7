//! TLS with an authority of the operator's own, beside the built-in ones. The certificates are valid
//! until 2119; the authority's key was thrown away.

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::*;

const AUTHORITY: &[u8] = include_bytes!("ca.pem");
const SERVER: &[u8] = include_bytes!("leaf.pem");
const KEY: &[u8] = include_bytes!("leaf.key");

/// Answers every request on every connection over TLS, with a certificate of the private authority.
fn secure() -> SocketAddr {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let certificate = CertificateDer::from_pem_slice(SERVER).unwrap();
    let key = PrivateKeyDer::from_pem_slice(KEY).unwrap();
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let connection = rustls::ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut tls = rustls::StreamOwned::new(connection, stream);
            let mut request = [0; 4096];
            // A client that does not trust us is gone by now.
            if tls.read(&mut request).is_ok_and(|read| read > 0) {
                drop(tls.write_all(OK));
            }
        }
    });
    addr
}

#[test]
fn a_private_authority_is_trusted_where_it_is_set_and_nowhere_else() {
    let url = format!("https://{}/", secure());
    let error = plain().agent(LIMITS).get(&url).call().unwrap_err();
    assert_eq!(fault(&error), Fault::Tls);

    let authorities = Authorities::of_pem(AUTHORITY).unwrap();
    let transport = Transport::new(None, IpFamily::Auto, Some(&authorities)).unwrap();
    for _ in 0..2 {
        let answer = transport.agent(LIMITS).get(&url).call().unwrap();
        assert_eq!(read_body(answer.into_body(), 10).unwrap(), b"hi");
    }
}

#[test]
fn the_certificate_of_another_host_is_not_trusted() {
    let addr = secure();
    let authorities = Authorities::of_pem(AUTHORITY).unwrap();
    let dns = DnsCache::asking(IpFamily::Auto, Box::new(move |_| Ok(vec![addr])));
    let transport = Transport::resolving(None, IpFamily::Auto, Some(&authorities), dns).unwrap();
    let agent = transport.agent(LIMITS);
    let error = agent.get("https://other.test/").call().unwrap_err();
    assert_eq!(fault(&error), Fault::Tls);
    agent.get("https://service.test/").call().unwrap();
}

#[test]
fn a_file_without_certificates_is_no_authority() {
    for pem in [
        &b""[..],
        b"nonsense",
        KEY,
        b"-----BEGIN CERTIFICATE-----\nAAAA",
    ] {
        assert!(Authorities::of_pem(pem).is_none());
    }
    assert!(Authorities::of_pem(&[AUTHORITY, SERVER].concat()).is_some());
}
