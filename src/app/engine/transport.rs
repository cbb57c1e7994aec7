//! The ways to the services, as the settings have them: proxies, address families, authorities.

use log::{info, warn};

use super::BadSettings;
use crate::config::mistake::shown;
use crate::config::{CaFile, Config, IpFamily, Proxy};
use crate::http::{self, Authorities, Transport};

/// The way to a service, by its proxy and the authorities of the settings.
pub(crate) fn transport(
    service: &str,
    proxy: Option<&Proxy>,
    config: &Config,
) -> Result<Transport, BadSettings> {
    let family = match config.ip_family {
        IpFamily::Auto => http::IpFamily::Auto,
        IpFamily::V4 => http::IpFamily::V4,
        IpFamily::V6 => http::IpFamily::V6,
    };
    let own = authorities(config)?;
    let Some(Proxy { setting, address }) = proxy else {
        let direct = Transport::new(None, family, own.as_ref());
        return direct.map_err(|error| BadSettings::Proxy("proxy", error));
    };
    let address = address.expose();
    info!(service, setting, proxy = shown(address).as_str(); "reached through a proxy");
    let proxied = Transport::new(Some(address), family, own.as_ref());
    proxied.map_err(|error| BadSettings::Proxy(setting, error))
}

/// The variable that names authorities for every program of the machine.
const SHARED_AUTHORITIES: &str = "SSL_CERT_FILE";

/// The operator's own authorities.
pub(crate) fn authorities(config: &Config) -> Result<Option<Authorities>, BadSettings> {
    let Some(CaFile { setting, pem }) = &config.ca_file else {
        return Ok(None);
    };
    match Authorities::of_pem(pem.as_bytes()) {
        // It is other programs' too: what is wrong with it keeps nobody from starting.
        None if *setting == SHARED_AUTHORITIES => {
            warn!(setting; "cannot be read as certificates, so only the built-in authorities count");
            Ok(None)
        }
        own => own.map(Some).ok_or(BadSettings::Authorities(setting)),
    }
}
