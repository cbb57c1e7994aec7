//! Shapes to bytes and back: one version byte, then bincode. The only place that knows bincode.
//! Owns no state. Invariant: no bytes, however hostile, do more than give a [`CodecError`].

use serde::Serialize;
use serde::de::DeserializeOwned;

/// Largest row written. A claim of 64-bit integers may count eight times its encoded size, so
/// what is written within this can always be read within [`DECODE_LIMIT`].
const MAX_BYTES: usize = 2 << 20;

/// Bytes one decode may claim; without a limit nine bytes make bincode ask for 2^63.
const DECODE_LIMIT: usize = 8 * MAX_BYTES;

/// Why bytes are no row, or a value cannot become one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CodecError {
    #[error("has no bytes")]
    Empty,
    #[error("has version {0}, which is not known")]
    Version(u8),
    #[error("has {0} bytes too many")]
    Trailing(usize),
    #[error("is larger than a row may be")]
    TooLarge,
    #[error("cannot be read: {0}")]
    Malformed(String),
}

/// The bytes of a row in a shape of this version.
pub(super) fn encode(version: u8, shape: &impl Serialize) -> Result<Vec<u8>, CodecError> {
    let mut bytes = vec![version];
    bincode::serde::encode_into_std_write(shape, &mut bytes, bincode::config::standard())
        .map_err(|error| CodecError::Malformed(error.to_string()))?;
    if bytes.len() > MAX_BYTES {
        return Err(CodecError::TooLarge);
    }
    Ok(bytes)
}

/// The version of a row, and what stands behind it.
pub(super) fn versioned(bytes: &[u8]) -> Result<(u8, &[u8]), CodecError> {
    if bytes.len() > MAX_BYTES {
        return Err(CodecError::TooLarge);
    }
    let (&version, body) = bytes.split_first().ok_or(CodecError::Empty)?;
    Ok((version, body))
}

/// The shape that stands behind the version of a row.
pub(super) fn decode<S: DeserializeOwned>(body: &[u8]) -> Result<S, CodecError> {
    let config = bincode::config::standard().with_limit::<DECODE_LIMIT>();
    let (shape, read) = bincode::serde::decode_from_slice(body, config)
        .map_err(|error| CodecError::Malformed(error.to_string()))?;
    match body.len().saturating_sub(read) {
        0 => Ok(shape),
        left => Err(CodecError::Trailing(left)),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Note {
        numbers: Vec<u64>,
        text: String,
        bytes: Vec<u8>,
    }

    fn note() -> Note {
        Note {
            numbers: vec![1, u64::MAX],
            text: "héllo".into(),
            bytes: vec![0, 255],
        }
    }

    #[test]
    fn a_row_starts_with_its_version_and_comes_back_whole() {
        let bytes = encode(3, &note()).unwrap();
        assert_eq!(bytes[0], 3);
        let (version, body) = versioned(&bytes).unwrap();
        assert_eq!(version, 3);
        assert_eq!(decode::<Note>(body).unwrap(), note());
    }

    #[test]
    fn bytes_that_are_no_row_are_refused_with_their_reason() {
        assert_eq!(versioned(&[]).unwrap_err(), CodecError::Empty);
        let mut trailing = encode(3, &note()).unwrap();
        trailing.extend([0, 0]);
        let trailing = decode::<Note>(&trailing[1..]).unwrap_err();
        assert_eq!(trailing, CodecError::Trailing(2));
        let huge = vec![3; MAX_BYTES + 1];
        assert_eq!(versioned(&huge).unwrap_err(), CodecError::TooLarge);
    }

    #[test]
    fn hostile_lengths_are_an_error_and_not_an_allocation() {
        for length in [u64::MAX, i64::MAX as u64, 1 << 40] {
            let mut vector = vec![253];
            vector.extend(length.to_le_bytes());
            assert!(decode::<Note>(&vector).is_err());
            let mut text = vec![0, 253];
            text.extend(length.to_le_bytes());
            assert!(decode::<Note>(&text).is_err());
        }
    }

    #[test]
    fn the_largest_row_that_is_written_can_be_read_and_a_larger_one_is_refused() {
        let of = |count| Note {
            numbers: vec![1; count],
            text: String::new(),
            bytes: Vec::new(),
        };
        let bytes = encode(3, &of(MAX_BYTES - 8)).unwrap();
        let (_, body) = versioned(&bytes).unwrap();
        assert_eq!(decode::<Note>(body).unwrap(), of(MAX_BYTES - 8));
        let larger = encode(3, &of(MAX_BYTES));
        assert_eq!(larger.unwrap_err(), CodecError::TooLarge);
    }

    proptest! {
        #[test]
        fn any_bytes_give_a_row_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            if let Ok(note) = decode::<Note>(&bytes) {
                prop_assert!(note.text.len() <= bytes.len());
            }
        }
    }
}
