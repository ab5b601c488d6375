/// What reading a directory gave, for ``DirectorySource``.
struct DirectoryReading: Equatable, Sendable {
    var outcome: SourceReading.Outcome
    var warnings: [String] = []
    /// How the directory looked when it was read.
    var signature = DirectorySignature()
    var layout = DirectoryLayout.absent
    /// How often it was begun anew.
    var retries = 0
    /// Something was being written: another reading should follow soon, whatever the outcome.
    var isUnsettled = false
}

/// What is at the configured path.
enum DirectoryLayout: Equatable, Sendable {
    /// Nothing that can be read.
    case absent
    /// A directory that the kubelet writes: `..data` leads to the files of one generation.
    case volume
    /// Any other directory.
    case plain
    /// A single file.
    case file
}
