/// How much a directory may hold. What is beyond becomes an invalid key with its reason; the rest is read.
struct DirectoryLimits: Equatable, Sendable {
    /// Bytes of one file.
    var fileBytes = 16 << 20
    /// Bytes of all files together.
    var totalBytes = 64 << 20
    /// Files that are read, in the order of their names.
    var files = 5000
    /// Names that are remembered beyond ``files``, to be listed as not read; those beyond are counted.
    var excessNames = 5000
    /// Attempts to read a directory that changes meanwhile.
    var attempts = 50
}
