import Shared
import SharedHTTP

/// The credentials for the broker, read again from their files when these change (secrets rotate without a restart).
struct BrokerCredentials {
    private var username: SecretSource
    private var password: SecretSource
    private var token: SecretSource
    /// Nobody has set any.
    let areDefault: Bool

    init(_ settings: Settings) {
        var username = settings.brokerUsername
        var password = settings.brokerPassword
        // Those in the URL count where nobody has set the variables.
        if let url = settings.brokerURL.credentials, !username.isExplicit, !password.isExplicit {
            username.value = url.username
            password.value = url.password
        }
        let isSet = username.isExplicit || password.isExplicit || settings.brokerURL.credentials != nil
        areDefault = !isSet && settings.brokerToken.value.isEmpty
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
