import Shared

/// The `Authorization` header, from the settings that the other processes have too. Files are read for every question:
/// they may come later than the gate, and change.
struct BrokerLogin: Sendable {
    private let environment: ProcessEnvironment
    private let url: BaseURL
    private let isBroker: Bool

    init(_ source: GateSettings.Source, _ environment: ProcessEnvironment) {
        self.environment = environment
        url = source.url
        if case .broker = source { isBroker = true } else { isBroker = false }
    }

    /// - Returns: `nil`: no such header.
    func header() throws(GateFailure) -> String? {
        if let credentials = url.credentials { return BrokerLogin.basic(credentials.username, credentials.password) }
        // The manager has no use for the broker's password.
        guard isBroker else { return nil }
        let token = try secret("BROKER_TOKEN")
        if !token.isEmpty { return "Bearer \(token)" }
        let user = try secret("BROKER_USERNAME")
        guard !user.isEmpty else { return nil }
        return BrokerLogin.basic(user, try secret("BROKER_PASSWORD"))
    }

    private func secret(_ name: String) throws(GateFailure) -> String {
        guard let path = environment["\(name)_FILE"], !path.isEmpty else {
            let text = environment[name] ?? SettingCatalog.definition(name)?.defaultText
            return BrokerLogin.clean(text ?? "")
        }
        switch Settings.readSmallFile(path) {
        case .success(let bytes): return BrokerLogin.clean(Secret.text(ofFile: bytes))
        case .failure(let error): throw .credentials("\(name)_FILE cannot be read (\(error))")
        }
    }

    private static func basic(_ user: String, _ password: String) -> String {
        "Basic \(Base64.encodeToString(Array("\(user):\(password)".utf8)))"
    }

    /// A line break would end the header field and begin another.
    private static func clean(_ text: String) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.filter { $0.value >= 0x20 && $0.value != 0x7F }))
    }
}
