internal import CLinux

/// Hashes that name contents: SHA-256 for our own files and revisions, SHA-1 for the broker's pact versions.
///
/// Computed in C (CLinux, hashes.c) for speed in debug builds too.
package enum ContentHash {
    /// SHA-256 (FIPS 180-4) in lower-case hex, 64 characters.
    package static func sha256Hex(_ bytes: some ContiguousBytesView) -> String {
        var hash = SHA256()
        hash.update(bytes)
        return Hex.string(hash.finalize())
    }

    /// SHA-1 (FIPS 180-4) in lower-case hex, 40 characters. Names contents, protects nothing.
    package static func sha1Hex(_ bytes: some ContiguousBytesView) -> String {
        var hash = SHA1()
        hash.update(bytes)
        return Hex.string(hash.finalize())
    }
}
