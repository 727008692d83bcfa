//! Digests by which agents name the folder of a project: to be recognised, never to secure anything.

use md5::Md5;
use sha2::{Digest, Sha256};

/// Lower-case hex of the SHA-256.
pub fn sha256(text: &str) -> String {
    hex::<Sha256>(text)
}

/// Lower-case hex of the MD5.
pub fn md5(text: &str) -> String {
    hex::<Md5>(text)
}

fn hex<D: Digest>(text: &str) -> String {
    let digest = D::digest(text);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_digests() {
        assert_eq!(
            sha256("abc"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
        assert_eq!(
            sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        );
        assert_eq!(md5(""), "d41d8cd98f00b204e9800998ecf8427e");
        assert_eq!(
            md5("12345678901234567890123456789012345678901234567890123456789012345678901234567890"),
            "57edf4a22be3c955ac49da2e2107b67a"
        );
    }
}
