//! An answer as it goes over the wire, whatever it is: any status, any headers, any body.

use super::Wire;

/// One such answer. `{result}`, `{model}` and the like in its body are filled in by the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Raw {
    /// What follows `HTTP/1.1 `, as `418 I'm a teapot`; interim answers may stand before it.
    pub(crate) status: &'static str,
    /// Header lines, each with its end. The length is added where none is named; where one is named,
    /// true or not, the connection is closed after the body.
    pub(crate) headers: &'static str,
    pub(crate) body: &'static str,
}

impl Raw {
    /// The number of the final status.
    pub(crate) fn number(&self) -> u16 {
        let (_, last) = self
            .status
            .rsplit_once("HTTP/1.1 ")
            .unwrap_or(("", self.status));
        let number = last.split(' ').next().and_then(|text| text.parse().ok());
        number.expect("a status begins with its number")
    }
}

impl Wire {
    /// Answers exactly so, with this body.
    pub(crate) fn raw(&mut self, raw: &Raw, body: &str) {
        self.take_last_byte();
        let Raw {
            status, headers, ..
        } = raw;
        let framing = ["content-length", "transfer-encoding", "connection: close"];
        let is_framed = framing.iter().any(|name| headers.contains(name));
        let length = if is_framed {
            String::new()
        } else {
            format!("content-length: {}\r\n", body.len())
        };
        self.write(format!("HTTP/1.1 {status}\r\n{headers}{length}\r\n{body}").as_bytes());
        if is_framed {
            self.hang_up();
        }
    }
}
