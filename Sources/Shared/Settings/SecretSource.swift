/// A secret that is read again when its file changes: secrets rotate without a restart.
package struct SecretSource: Sendable {
    package private(set) var value: String
    /// `nil` for a secret that stands in a variable.
    package let file: String?
    private var version: FileVersion?

    package init(_ secret: Secret) {
        value = SecretSource.usable(secret.value)
        file = secret.file
        version = file.flatMap(FileVersion.init)
    }

    /// Reads the file again if it has changed.
    ///
    /// - Parameter force: Whether or not it seems to have: after a 401 a file system without useful times must not keep
    ///   us out.
    /// - Returns: Why it could not be read. It keeps its old value then: it may be being replaced.
    @discardableResult
    package mutating func refresh(force: Bool) -> SystemError? {
        guard let file else { return nil }
        let now = FileVersion(file)
        guard force || now == nil || now != version else { return nil }
        switch Settings.readSmallFile(file) {
        case .failure(let error): return error
        case .success(let bytes):
            value = SecretSource.usable(Secret.text(ofFile: bytes))
            version = now
            return nil
        }
    }

    /// A line break in a token would end its header field and begin another.
    private static func usable(_ text: String) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.filter { $0.value >= 0x20 && $0.value != 0x7F }))
    }
}
