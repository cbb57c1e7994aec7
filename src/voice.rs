//! Makes a voice message of what the model spoke: sound as WAV, or as bare samples, becomes Opus in an
//! Ogg stream, a fiftieth of a second at a time. Pure, but for what it reads from and writes to.

use std::io::{self, Read, Write};

use ogg::writing::{PacketWriteEndInfo, PacketWriter};
use opus_rs::{Application, OpusEncoder};

/// Bits a second: speech sounds good with half of them.
const BITRATE: i32 = 32_000;
/// Opus counts positions in samples of this rate, whatever it encodes (RFC 7845).
const CLOCK: u64 = 48_000;
const FRAMES_A_SECOND: u32 = 50;
/// Longest packet of Opus (RFC 6716).
const LONGEST_PACKET: usize = 1275;
/// Positions by which an encoder of this kind is late: 6.5 ms.
const PRE_SKIP: u16 = 312;
/// Frames in a page: a second.
const PAGE: u64 = 50;
/// There is one stream in the file.
const SERIAL: u32 = 1;
/// Rates that Opus takes.
const RATES: [u32; 5] = [8_000, 12_000, 16_000, 24_000, 48_000];
/// What bare samples have that name no rate (gemini-api §10).
const USUAL_RATE: u32 = 24_000;

/// The sound is not what can be made a voice message.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoVoice {
    #[error("the sound is of a kind that is not spoken by any model we know")]
    Unknown,
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// How samples stand in a sound: 16 bits each, the low byte first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Format {
    rate: u32,
    channels: u16,
}

/// A voice message in the making.
pub(crate) struct Voice<W: Write> {
    packets: PacketWriter<'static, W>,
    encoder: Option<(u32, OpusEncoder)>,
    /// Samples that do not fill a frame yet.
    frame: Vec<i16>,
    frames: u64,
    /// The newest packet: only the next one tells whether it is the last.
    newest: Option<Vec<u8>>,
}

impl<W: Write> Voice<W> {
    /// One that is written there.
    pub(crate) fn new(out: W) -> Self {
        Self {
            packets: PacketWriter::new(out),
            encoder: None,
            frame: Vec::new(),
            frames: 0,
            newest: None,
        }
    }

    /// Puts a sound of this MIME type behind what is there.
    pub(crate) fn add(&mut self, mut sound: impl Read, mime: &str) -> Result<(), NoVoice> {
        let mut head = [0; 12];
        let read = read_full(&mut sound, &mut head)?;
        let head = head.get(..read).unwrap_or_default();
        if head.starts_with(b"RIFF") {
            let (format, length) = wav_format(&mut sound)?;
            self.add_samples(sound.take(length), format)
        } else {
            let format = Format {
                rate: rate_of(mime).unwrap_or(USUAL_RATE),
                channels: 1,
            };
            self.add_samples(head.chain(sound), format)
        }
    }

    /// The message is complete; how many whole seconds it lasts.
    pub(crate) fn finish(mut self) -> Result<u32, NoVoice> {
        let Some((rate, _)) = self.encoder else {
            return Err(NoVoice::Unknown);
        };
        let spoken = self.frames * u64::from(rate / FRAMES_A_SECOND) + self.frame.len() as u64;
        let end = u64::from(PRE_SKIP) + spoken * CLOCK / u64::from(rate);
        // The encoder is late, so the last samples come out with silence behind them.
        let frame = CLOCK / u64::from(FRAMES_A_SECOND);
        while self.frames * frame < end {
            self.frame.resize((rate / FRAMES_A_SECOND) as usize, 0);
            self.encode()?;
        }
        let last = self.newest.take().unwrap_or_default();
        self.packets
            .write_packet(last, SERIAL, PacketWriteEndInfo::EndStream, end)?;
        self.packets.inner_mut().flush()?;
        Ok(u32::try_from(spoken.div_ceil(u64::from(rate))).unwrap_or(u32::MAX))
    }

    fn add_samples(&mut self, mut samples: impl Read, format: Format) -> Result<(), NoVoice> {
        let Format { rate, channels } = format;
        self.begin(rate)?;
        let length = (rate / FRAMES_A_SECOND) as usize;
        let width = 2 * usize::from(channels);
        let mut raw = vec![0; width * length];
        loop {
            let read = read_full(&mut samples, &mut raw)?;
            let (whole, is_over) = (raw.get(..read).unwrap_or_default(), read < raw.len());
            for sample in whole.chunks_exact(width) {
                self.frame.push(mixed(sample));
                if self.frame.len() == length {
                    self.encode()?;
                }
            }
            if is_over {
                return Ok(());
            }
        }
    }

    /// All sounds of a message have one rate.
    fn begin(&mut self, rate: u32) -> Result<(), NoVoice> {
        match &self.encoder {
            Some((begun, _)) if *begun == rate => return Ok(()),
            None if RATES.contains(&rate) => {}
            Some(_) | None => return Err(NoVoice::Unknown),
        }
        let sampling = i32::try_from(rate).map_err(|_too_fast| NoVoice::Unknown)?;
        let encoder = OpusEncoder::new(sampling, 1, Application::Voip);
        let mut encoder = encoder.map_err(|_refused| NoVoice::Unknown)?;
        encoder.bitrate_bps = BITRATE;
        self.encoder = Some((rate, encoder));
        // Version 1, one channel, no gain, the simplest mapping (RFC 7845, section 5.1).
        let head = [
            &b"OpusHead\x01\x01"[..],
            &PRE_SKIP.to_le_bytes(),
            &rate.to_le_bytes(),
            &[0, 0, 0],
        ];
        let vendor = b"svs-bot";
        let tags = [&b"OpusTags"[..], &[7, 0, 0, 0], vendor, &[0, 0, 0, 0]];
        for header in [head.concat(), tags.concat()] {
            self.packets
                .write_packet(header, SERIAL, PacketWriteEndInfo::EndPage, 0)?;
        }
        Ok(())
    }

    /// Encodes the frame that is full, and writes the packet before it.
    fn encode(&mut self) -> Result<(), NoVoice> {
        let Some((_, encoder)) = &mut self.encoder else {
            return Err(NoVoice::Unknown);
        };
        let mut packet = vec![0; LONGEST_PACKET];
        let length = encoder.encode_i16(&self.frame, self.frame.len(), &mut packet);
        packet.truncate(length.map_err(|_refused| NoVoice::Unknown)?);
        self.frame.clear();
        if let Some(before) = self.newest.replace(packet) {
            let end = if self.frames.is_multiple_of(PAGE) {
                PacketWriteEndInfo::EndPage
            } else {
                PacketWriteEndInfo::NormalPacket
            };
            let position = self.frames * CLOCK / u64::from(FRAMES_A_SECOND);
            self.packets.write_packet(before, SERIAL, end, position)?;
        }
        self.frames += 1;
        Ok(())
    }
}

/// The mean of the channels.
fn mixed(sample: &[u8]) -> i16 {
    let channels = sample.chunks_exact(2);
    let count = i32::try_from(channels.len()).unwrap_or(1).max(1);
    let sum: i32 = channels
        .map(|bytes| match bytes {
            [low, high] => i32::from(i16::from_le_bytes([*low, *high])),
            _ => 0,
        })
        .sum();
    i16::try_from(sum / count).unwrap_or_default()
}

/// Reads the chunks of a WAV file up to its samples: how these stand, and how many bytes they have.
fn wav_format(sound: &mut impl Read) -> Result<(Format, u64), NoVoice> {
    let mut format = None;
    loop {
        let mut chunk = [0; 8];
        sound.read_exact(&mut chunk)?;
        let [a, b, c, d, length @ ..] = chunk;
        let length = u32::from_le_bytes(length);
        match [a, b, c, d] {
            // What is written while it is made does not know its length.
            id if &id == b"data" => {
                let length = if length == 0 { u32::MAX } else { length };
                return Ok((format.ok_or(NoVoice::Unknown)?, u64::from(length)));
            }
            id if &id == b"fmt " => {
                let mut fields = [0; 16];
                sound.read_exact(&mut fields)?;
                format = Some(wav_fields(fields)?);
                skip(sound, length.saturating_sub(16))?;
            }
            _ => skip(sound, length.saturating_add(length % 2))?,
        }
    }
}

/// 16 bits of plain PCM, of any rate and up to eight channels.
fn wav_fields(fields: [u8; 16]) -> Result<Format, NoVoice> {
    const PLAIN: u16 = 1;
    const EXTENSIBLE: u16 = 0xfffe;
    let [t0, t1, c0, c1, r0, r1, r2, r3, .., b0, b1] = fields;
    let kind = u16::from_le_bytes([t0, t1]);
    let channels = u16::from_le_bytes([c0, c1]);
    let bits = u16::from_le_bytes([b0, b1]);
    let fits = (kind == PLAIN || kind == EXTENSIBLE) && bits == 16 && (1..=8).contains(&channels);
    let rate = u32::from_le_bytes([r0, r1, r2, r3]);
    fits.then_some(Format { rate, channels })
        .ok_or(NoVoice::Unknown)
}

fn skip(sound: &mut impl Read, bytes: u32) -> io::Result<()> {
    io::copy(&mut sound.take(u64::from(bytes)), &mut io::sink()).map(drop)
}

/// The rate that a MIME type names, as in `audio/L16;codec=pcm;rate=24000`.
fn rate_of(mime: &str) -> Option<u32> {
    let mut fields = mime.split(';').map(str::trim);
    fields.find_map(|field| field.strip_prefix("rate=")?.parse().ok())
}

/// As many bytes as there are, up to the length of the buffer.
fn read_full(from: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut read = 0;
    while let Some(rest) = buffer.get_mut(read..).filter(|rest| !rest.is_empty()) {
        match from.read(rest) {
            Ok(0) => break,
            Ok(more) => read += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(read)
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use ogg::PacketReader;
    use opus_decoder::OpusDecoder;

    use super::*;

    /// A tone of 440 Hz.
    fn tone(rate: u32, seconds: f64) -> Vec<i16> {
        let sample = |at: u32| {
            let time = f64::from(at) / f64::from(rate);
            let value = (time * 440.0 * std::f64::consts::TAU).sin() * 12_000.0;
            #[expect(clippy::cast_possible_truncation, reason = "within 12,000")]
            let value = value as i16;
            value
        };
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "some seconds"
        )]
        let count = (f64::from(rate) * seconds) as u32;
        (0..count).map(sample).collect()
    }

    fn bytes(samples: &[i16]) -> Vec<u8> {
        samples
            .iter()
            .flat_map(|sample| sample.to_le_bytes())
            .collect()
    }

    fn wav(rate: u32, channels: u16, samples: &[i16], length: Option<u32>) -> Vec<u8> {
        let data = bytes(samples);
        let length = length.unwrap_or(u32::try_from(data.len()).unwrap());
        let block = channels * 2;
        let mut file = b"RIFF\0\0\0\0WAVELIST\x03\0\0\0abc\0fmt \x10\0\0\0\x01\0".to_vec();
        file.extend(channels.to_le_bytes());
        file.extend(rate.to_le_bytes());
        file.extend((rate * u32::from(block)).to_le_bytes());
        file.extend(block.to_le_bytes());
        file.extend(16_u16.to_le_bytes());
        file.extend(b"data");
        file.extend(length.to_le_bytes());
        file.extend(data);
        file
    }

    fn voice(sounds: &[(&[u8], &str)]) -> (Vec<u8>, u32) {
        let mut out = Vec::new();
        let mut voice = Voice::new(&mut out);
        for (sound, mime) in sounds {
            voice.add(*sound, mime).unwrap();
        }
        let seconds = voice.finish().unwrap();
        (out, seconds)
    }

    /// What a decoder that is not ours makes of a message, at 48,000 Hz.
    fn decoded(file: &[u8]) -> Vec<i16> {
        let mut packets = PacketReader::new(Cursor::new(file));
        let head = packets.read_packet_expected().unwrap().data;
        assert_eq!(&head[..10], b"OpusHead\x01\x01");
        let tags = packets.read_packet_expected().unwrap().data;
        assert!(tags.starts_with(b"OpusTags"));
        let mut decoder = OpusDecoder::new(48_000, 1).unwrap();
        let mut samples = Vec::new();
        let mut end = 0;
        while let Some(packet) = packets.read_packet().unwrap() {
            let mut pcm = vec![0; 5760];
            let count = decoder.decode(&packet.data, &mut pcm, false).unwrap();
            samples.extend_from_slice(&pcm[..count]);
            end = packet.absgp_page();
        }
        samples.truncate(usize::try_from(end).unwrap());
        samples.drain(..usize::from(PRE_SKIP));
        samples
    }

    /// How like each other two sounds are: 1 is the same but for their loudness.
    fn likeness(left: &[i16], right: &[i16]) -> f64 {
        let dot = |a: &[i16], b: &[i16]| -> f64 {
            let pairs = a.iter().zip(b);
            pairs.map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
        };
        dot(left, right) / (dot(left, left) * dot(right, right)).sqrt()
    }

    /// The best likeness within a few milliseconds.
    fn best_likeness(left: &[i16], right: &[i16]) -> f64 {
        let shifts = (0..480).step_by(6);
        let shifted = shifts.map(|shift| likeness(left, &right[shift..shift + left.len()]));
        shifted.fold(0.0, f64::max)
    }

    #[test]
    fn another_decoder_hears_what_was_spoken() {
        for rate in RATES {
            let samples = tone(rate, 1.5);
            let file = wav(rate, 1, &samples, None);
            let (message, seconds) = voice(&[(&file, "audio/wav")]);
            assert_eq!(seconds, 2);
            let heard = decoded(&message);
            assert_eq!(heard.len(), 72_000, "{rate}");
            let likeness = best_likeness(&tone(48_000, 0.3), &heard[20_000..]);
            assert!(likeness > 0.9, "{rate}: {likeness}");
        }
    }

    #[test]
    fn a_sound_is_known_by_its_bytes() {
        let samples = tone(24_000, 1.0);
        let (plain, _) = voice(&[(&wav(24_000, 1, &samples, None), "audio/L16;rate=8000")]);
        let bare = bytes(&samples);
        for mime in [
            "audio/L16;codec=pcm;rate=24000",
            "audio/L16",
            "application/octet-stream",
        ] {
            assert_eq!(voice(&[(&bare, mime)]).0, plain, "{mime}");
        }
        let both: Vec<i16> = samples.iter().flat_map(|sample| [*sample; 2]).collect();
        for (channels, samples, length) in [
            (2, &both, None),
            (1, &samples, Some(0)),
            (1, &samples, Some(u32::MAX)),
        ] {
            let file = wav(24_000, channels, samples, length);
            assert_eq!(
                voice(&[(&file, "audio/wav")]).0,
                plain,
                "{channels} {length:?}"
            );
        }
    }

    #[test]
    fn several_sounds_make_one_message() {
        let samples = tone(24_000, 1.01);
        let file = wav(24_000, 1, &samples, None);
        let bare = bytes(&samples);
        let (message, seconds) = voice(&[(&file, "audio/wav"), (&bare, "audio/L16")]);
        assert_eq!((decoded(&message).len(), seconds), (96_960, 3));
    }

    #[test]
    fn what_is_no_speech_is_refused() {
        let samples = tone(24_000, 0.1);
        let odd = wav(44_100, 1, &samples, None);
        let mut law = wav(8_000, 1, &samples, None);
        law[32] = 7;
        for sound in [odd.as_slice(), &law, b"RIFF\0\0\0\0WAVE"] {
            assert!(Voice::new(Vec::new()).add(sound, "audio/wav").is_err());
        }
        assert!(Voice::new(Vec::new()).finish().is_err(), "nothing was said");
        let mut two = Voice::new(Vec::new());
        two.add(&*wav(8_000, 1, &samples, None), "audio/wav")
            .unwrap();
        assert!(two.add(&*bytes(&samples), "audio/L16;rate=24000").is_err());
    }
}
