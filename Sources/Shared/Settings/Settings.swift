internal import Glibc
package import Logging

/// All settings of all processes, read once at start from the environment and checked.
///
/// Every process reads the same set; the supervisor hands secrets only to the publisher.
package struct Settings: Sendable {
    package var brokerURL: BaseURL
    package var brokerUsername: Secret
    package var brokerPassword: Secret
    package var brokerToken: Secret
    /// Empty: the system's certificate authorities.
    package var brokerCAFile: String
    /// Empty: none.
    package var brokerClientCertificateFile: String
    /// Empty: none.
    package var brokerClientKeyFile: String
    /// From `HTTPS_PROXY` and its like; `nil`: none, or `NO_PROXY` names the broker.
    package var brokerProxy: ProxySetting?
    package var brokerHealthPath: String
    package var namespace: String
    package var configMapNames: [String]
    /// `CONFIGMAP_NAME` is set: the name is no default that nobody chose.
    package var namesConfigMaps: Bool
    package var configMapPath: String
    package var contractSource: ContractSource
    /// The API that ConfigMaps are read from; `nil`: contracts come from ``configMapPath`` alone.
    package var kubernetes: KubernetesSettings?
    package var gitBranch: String
    package var gitCommit: String
    /// Empty: none.
    package var buildURL: String
    package var brokerTags: [String]
    package var versionPolicy: VersionPolicyMode
    package var readinessMode: ReadinessMode
    package var createPacticipants: Bool
    package var healthPort: UInt16
    package var healthHost: String
    package var checkInterval: Duration
    package var brokerTimeout: Duration
    /// `nil`: not set by the user.
    package var stateDirectory: String?
    package var workerMemoryLimit: WorkerMemoryLimit
    /// Empty: beside `manager`.
    package var workerDirectory: String
    package var logLevel: Logger.Level
    package var logFormat: LogFormat
    /// Empty: none.
    package var publishedFlagPath: String
    /// Oddities that stop nothing, one sentence each; the supervisor (or a worker alone) logs them once.
    package var warnings: [String]

    /// Knowledge about the broker that is older than this is not trusted.
    package var stalenessLimit: Duration { checkInterval * 3 }

    /// `CONTRACT_SOURCE`.
    package enum ContractSource: String, Sendable {
        case auto
        case directory
        case kubernetes
    }

    /// `VERSION_POLICY`.
    package enum VersionPolicyMode: String, Sendable {
        case auto
        case git
    }

    /// `READINESS_MODE`.
    package enum ReadinessMode: String, Sendable, CaseIterable {
        case settled
        case strict
        case any
        case broker
    }

    /// `WORKER_MEMORY_LIMIT`.
    package enum WorkerMemoryLimit: Equatable, Sendable {
        case auto
        case off
        case bytes(UInt64)
    }

    /// Reads and checks everything.
    ///
    /// - Parameter names: The settings that matter; problems of others are passed over. `nil`: all.
    /// - Throws: All problems at once.
    package init(
        environment: ProcessEnvironment,
        reads names: [String]? = nil,
        readFile: @escaping (String) -> Result<[UInt8], SystemError> = Settings.readSmallFile
    ) throws(SettingsError) {
        var reader = SettingReader(environment: environment, readFile: readFile)
        brokerURL = Settings.brokerURL(&reader)
        brokerUsername = reader.secret("BROKER_USERNAME")
        brokerPassword = reader.secret("BROKER_PASSWORD")
        brokerToken = reader.secret("BROKER_TOKEN")
        brokerProxy = Settings.brokerProxy(&reader, for: brokerURL)
        brokerCAFile = reader.pemFile("BROKER_CA_FILE", holding: .certificate)
        brokerClientCertificateFile = reader.pemFile("BROKER_CLIENT_CERT_FILE", holding: .certificate)
        brokerClientKeyFile = reader.pemFile("BROKER_CLIENT_KEY_FILE", holding: .privateKey)
        Settings.checkClientCertificate(&reader, brokerClientCertificateFile, brokerClientKeyFile)
        brokerHealthPath = reader.text("BROKER_HEALTH_PATH")
        if !brokerHealthPath.hasPrefix("/") { reader.problem("BROKER_HEALTH_PATH", brokerHealthPath, nil) }
        configMapPath = reader.text("CONFIGMAP_PATH")
        contractSource = reader.choice("CONTRACT_SOURCE", ContractSource.self, fallback: .auto)
        kubernetes = KubernetesSettings.read(&reader, contractSource)
        namespace = Settings.namespace(&reader, isUsed: kubernetes != nil)
        configMapNames = Settings.configMapNames(&reader, isUsed: kubernetes != nil)
        namesConfigMaps = environment["CONFIGMAP_NAME"]?.isEmpty == false
        gitBranch = reader.text("GIT_BRANCH")
        gitCommit = reader.text("GIT_COMMIT")
        buildURL = reader.text("BUILD_URL")
        brokerTags = reader.list("BROKER_TAGS")
        versionPolicy = reader.choice("VERSION_POLICY", VersionPolicyMode.self, fallback: .auto)
        readinessMode = reader.choice("READINESS_MODE", ReadinessMode.self, fallback: .settled)
        createPacticipants = reader.boolean("CREATE_PACTICIPANTS")
        healthPort = UInt16(reader.integer("HEALTH_PORT", in: 0...65_535))
        healthHost = reader.text("HEALTH_HOST")
        if !Settings.isAddress(healthHost) { reader.problem("HEALTH_HOST", healthHost, nil) }
        checkInterval = .seconds(reader.integer("CHECK_INTERVAL_SECS", in: 1...3600))
        brokerTimeout = .seconds(reader.integer("BROKER_TIMEOUT_SECS", in: 1...86_400))
        stateDirectory = Settings.stateDirectory(&reader)
        workerMemoryLimit = Settings.memoryLimit(&reader)
        workerDirectory = reader.text("WORKER_DIRECTORY")
        logLevel = Settings.logLevel(&reader)
        logFormat = reader.choice("LOG_FORMAT", LogFormat.self, fallback: .text)
        publishedFlagPath = reader.text("PUBLISHED_FLAG_PATH")
        warnings = reader.warnings + SettingCatalog.suspects(in: environment)
        let problems = reader.problems.filter { Settings.matters($0.setting, among: names) }
        if !problems.isEmpty { throw SettingsError(problems: problems) }
    }

    /// A proxy goes with the broker: passing over a broken one would send the credentials around it.
    private static func matters(_ setting: String, among names: [String]?) -> Bool {
        guard let names else { return true }
        let owner = ProxySetting.isVariable(setting) ? "BROKER_URL" : SettingCatalog.owner(setting)
        return names.contains(owner)
    }

    /// A file of at most 8 MiB: a secret, a token, a namespace, certificates (a system's authorities are 220 KiB).
    package static func readSmallFile(_ path: String) -> Result<[UInt8], SystemError> {
        Result { () throws(SystemError) in
            let descriptor = try FileDescriptor(opening: path, flags: O_RDONLY)
            guard let bytes = try readAll(descriptor, limit: 8 << 20, subject: path) else {
                throw SystemError(call: "read", number: EFBIG, subject: path)
            }
            return bytes
        }
    }

    private static func brokerURL(_ reader: inout SettingReader) -> BaseURL {
        let text = reader.text("BROKER_URL")
        let port = reader.raw("BROKER_PORT") ?? ""
        let fallback = BaseURL("http://pact-broker:9292")
        guard var url = BaseURL(text) ?? fallback else { preconditionFailure("the default broker URL parses") }
        if BaseURL(text) == nil { reader.problem("BROKER_URL", withoutCredentials(text), nil) }
        guard !port.isEmpty else { return url }
        guard let number = UInt16(port), number > 0 else {
            reader.problem("BROKER_PORT", port, nil)
            return url
        }
        if reader.environment["BROKER_URL"]?.isEmpty ?? true { url.authority = "pact-broker:\(number)" }
        return url
    }

    /// A text that is no URL may still hold a password: what stands before an `@` is not shown.
    static func withoutCredentials(_ text: String) -> String {
        guard let at = text.lastIndex(of: "@") else { return text }
        return "…" + text[at...]
    }

    private static func brokerProxy(_ reader: inout SettingReader, for url: BaseURL) -> ProxySetting? {
        guard let (name, value) = ProxySetting.variable(for: url, environment: reader.environment) else { return nil }
        if let proxy = ProxySetting(variable: name, value) { return proxy }
        let allowed = "allowed: host:port, or a URL of a proxy (http, https, socks4, socks4a, socks5, socks5h)"
        reader.problem(name, withoutCredentials(value), allowed)
        return nil
    }

    private static func checkClientCertificate(_ reader: inout SettingReader, _ certificate: String, _ key: String) {
        guard certificate.isEmpty != key.isEmpty else { return }
        let (name, value, missing) =
            key.isEmpty
            ? ("BROKER_CLIENT_CERT_FILE", certificate, "BROKER_CLIENT_KEY_FILE")
            : ("BROKER_CLIENT_KEY_FILE", key, "BROKER_CLIENT_CERT_FILE")
        reader.problem(name, value, "\(missing) is not set; a client certificate needs both")
    }

    /// Each name once, in the order given.
    private static func configMapNames(_ reader: inout SettingReader, isUsed: Bool) -> [String] {
        var names: [String] = []
        for name in reader.list("CONFIGMAP_NAME") where !names.contains(name) { names.append(name) }
        if names.isEmpty || !names.allSatisfy(KubernetesName.isSubdomain) {
            reader.flaw("CONFIGMAP_NAME", reader.environment["CONFIGMAP_NAME"] ?? "", isUsed: isUsed)
        }
        return names
    }

    private static func namespace(_ reader: inout SettingReader, isUsed: Bool) -> String {
        if let value = reader.raw("NAMESPACE"), !value.isEmpty {
            if !KubernetesName.isLabel(value) { reader.flaw("NAMESPACE", value, isUsed: isUsed) }
            return value
        }
        let file = KubernetesSettings.serviceAccount + "/namespace"
        if case .success(let bytes) = reader.readFile(file), !bytes.isEmpty { return Secret.text(ofFile: bytes) }
        return reader.text("NAMESPACE")
    }

    private static func stateDirectory(_ reader: inout SettingReader) -> String? {
        guard let value = reader.raw("STATE_DIR"), !value.isEmpty else { return nil }
        if !value.hasPrefix("/") { reader.problem("STATE_DIR", value, nil) }
        return value
    }

    private static func isAddress(_ text: String) -> Bool {
        var v4 = in_addr()
        var v6 = in6_addr()
        return inet_pton(AF_INET, text, &v4) == 1 || inet_pton(AF_INET6, text, &v6) == 1
    }

    private static func logLevel(_ reader: inout SettingReader) -> Logger.Level {
        let value = reader.text("LOG_LEVEL")
        switch value.lowercased() {
        case "trace": return .trace
        case "debug": return .debug
        case "info", "notice": return .info
        case "warn", "warning": return .warning
        case "error": return .error
        default:
            reader.problem("LOG_LEVEL", value, nil)
            return .info
        }
    }

    private static func memoryLimit(_ reader: inout SettingReader) -> WorkerMemoryLimit {
        let value = reader.text("WORKER_MEMORY_LIMIT")
        switch value.lowercased() {
        case "auto": return .auto
        case "off": return .off
        default: break
        }
        var digits = value.uppercased()
        if digits.hasSuffix("I") { digits.removeLast() }
        var factor: UInt64 = 1
        switch digits.last {
        case "K": factor = 1 << 10
        case "M": factor = 1 << 20
        case "G": factor = 1 << 30
        default: break
        }
        if factor > 1 { digits.removeLast() }
        let range: ClosedRange<UInt64> = (32 << 20)...(64 << 30)
        if let number = UInt64(digits) {
            let (bytes, overflow) = number.multipliedReportingOverflow(by: factor)
            if !overflow, range.contains(bytes) { return .bytes(bytes) }
        }
        reader.problem("WORKER_MEMORY_LIMIT", value, nil)
        return .auto
    }
}
