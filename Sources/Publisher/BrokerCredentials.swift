import Shared
import SharedHTTP

/// The credentials for the broker, read again from their files when these change (secrets rotate without a restart).
struct BrokerCredentials {
    private var username: SecretSource
    private var password: SecretSource
    private var token: SecretSource

    init(_ settings: Settings) {
        var username = settings.brokerUsername
        var password = settings.brokerPassword
        // Those in the URL count where nobody has set the variables.
        if let url = settings.brokerURL.credentials, !username.isExplicit, !password.isExplicit {
            username.value = url.username
            password.value = url.password
        }
        self.username = SecretSource(username)
        self.password = SecretSource(password)
        token = SecretSource(settings.brokerToken)
    }

    /// A token wins; an empty user means none.
    var current: HTTPCredentials {
        if !token.value.isEmpty { return .bearer(token.value) }
        return username.value.isEmpty ? .none : .basic(username: username.value, password: password.value)
    }

    /// Reads the files again that have changed, or all of them.
    ///
    /// - Parameter force: After a 401: a file system without useful times must not keep us out.
    /// - Returns: True if the credentials are others now.
    mutating func refresh(force: Bool) -> Bool {
        let before = current
        username.refresh(force: force)
        password.refresh(force: force)
        token.refresh(force: force)
        return current != before
    }
}

/// One secret and the state its file had when it was read.
private struct SecretSource {
    private(set) var value: String
    private let file: String?
    private var stamp: FileStamp?

    init(_ secret: Secret) {
        value = SecretSource.usable(secret.value)
        file = secret.file
        stamp = file.flatMap(FileStamp.init)
    }

    mutating func refresh(force: Bool) {
        guard let file, let now = FileStamp(file), force || now != stamp else { return }
        // A file that is being replaced keeps its old value; the next look finds the new one.
        guard case .success(let bytes) = Settings.readSmallFile(file) else { return }
        value = SecretSource.usable(Secret.text(ofFile: bytes))
        stamp = now
    }

    /// A line break in a token would end its header field and begin another.
    private static func usable(_ text: String) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.filter { $0.value >= 0x20 && $0.value != 0x7F }))
    }
}
