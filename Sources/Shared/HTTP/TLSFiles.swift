internal import Shared

/// The files that libcurl reads when it opens a connection, watched so that a rotated certificate needs no restart.
package struct TLSFiles {
    private let paths: [String]
    private var stamps: [FileVersion?]

    package init(_ connection: HTTPConnectionSettings) {
        paths = [connection.caFile, connection.clientCertificateFile, connection.clientKeyFile].filter { !$0.isEmpty }
        stamps = paths.map(FileVersion.init)
    }

    /// Looks whether one has changed.
    ///
    /// - Returns: False also while one is missing: it is being replaced, and what is connected goes on.
    package mutating func refresh() -> Bool {
        let now = paths.map(FileVersion.init)
        guard now != stamps, !now.contains(nil) else { return false }
        stamps = now
        return true
    }
}
