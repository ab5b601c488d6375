/// Reads single settings and collects what is wrong and what is odd.
struct SettingReader {
    let environment: ProcessEnvironment
    /// Reads a secret's file; injected for tests.
    let readFile: (String) -> Result<[UInt8], SystemError>
    private(set) var problems: [SettingsError.Problem] = []
    private(set) var warnings: [String] = []

    init(environment: ProcessEnvironment, readFile: @escaping (String) -> Result<[UInt8], SystemError>) {
        self.environment = environment
        self.readFile = readFile
    }

    /// The value as set, `nil` if unset. A value that Kubernetes' service links inject (`tcp://10.0.0.1:80`) into a
    /// `…_PORT` variable counts as unset, with a warning.
    mutating func raw(_ name: String) -> String? {
        guard let value = environment[name] else { return nil }
        if name.hasSuffix("_PORT"), value.hasPrefix("tcp://") || value.hasPrefix("udp://") {
            warnings.append(
                "\(name)=\(value) comes from a Kubernetes Service link, not from you, and is ignored; "
                    + "set enableServiceLinks: false in the pod to be rid of it"
            )
            return nil
        }
        return value
    }

    /// The value, or the catalog's default. An empty value means the default unless `emptyCounts`.
    mutating func text(_ name: String, emptyCounts: Bool = false) -> String {
        let value = raw(name)
        if let value, emptyCounts || !value.isEmpty {
            guard value.utf8.contains(0x0A) || value.utf8.contains(0x0D) else { return value }
            problem(name, value, "line breaks are not allowed")
        }
        return SettingCatalog.definition(name)?.defaultText ?? ""
    }

    mutating func integer(_ name: String, in range: ClosedRange<Int>) -> Int {
        let value = text(name)
        if let number = Int(value), range.contains(number) { return number }
        problem(name, value, nil)
        return range.lowerBound
    }

    mutating func choice<Value: RawRepresentable>(_ name: String, _ type: Value.Type, fallback: Value) -> Value
    where Value.RawValue == String {
        let value = text(name)
        if let choice = Value(rawValue: value.lowercased()) { return choice }
        problem(name, value, nil)
        return fallback
    }

    mutating func boolean(_ name: String) -> Bool {
        let value = text(name)
        switch value.lowercased() {
        case "true", "1", "yes": return true
        case "false", "0", "no": return false
        default:
            problem(name, value, nil)
            return false
        }
    }

    mutating func list(_ name: String) -> [String] {
        text(name).split(separator: ",").map { trimmed($0) }.filter { !$0.isEmpty }
    }

    /// A secret from `NAME_FILE` or `NAME`; the file wins and is trimmed of white space at its end.
    mutating func secret(_ name: String) -> Secret {
        let fileName = "\(name)_FILE"
        guard let path = environment[fileName], !path.isEmpty else {
            return Secret(value: text(name, emptyCounts: true), file: nil, isExplicit: environment[name] != nil)
        }
        switch readFile(path) {
        case .success(let bytes):
            return Secret(value: Secret.text(ofFile: bytes), file: path, isExplicit: true)
        case .failure(let error):
            let reason = "the file cannot be read (\(error)); mount the secret or correct the path"
            problems.append(.init(setting: fileName, value: path, reason: reason))
            return Secret(value: "", file: path, isExplicit: true)
        }
    }

    /// What a PEM file must hold.
    enum PEMContent {
        case certificate
        case privateKey
    }

    /// The path of a PEM file that can be read and holds what it should; empty if it is not set. The file may change
    /// later: this finds what was wrong from the start.
    mutating func pemFile(_ name: String, holding content: PEMContent) -> String {
        let path = text(name)
        guard !path.isEmpty else { return "" }
        switch readFile(path) {
        case .failure(let error):
            let reason = "the file cannot be read (\(error)); mount the file or correct the path"
            problems.append(.init(setting: name, value: path, reason: reason))
        case .success(let bytes):
            if let flaw = SettingReader.flaw(in: String(decoding: bytes, as: UTF8.self), content) {
                problems.append(.init(setting: name, value: path, reason: "the file \(flaw)"))
            }
        }
        return path
    }

    static func flaw(in text: String, _ content: PEMContent) -> String? {
        let headings = text.split(whereSeparator: \.isNewline).filter { $0.hasPrefix("-----BEGIN ") }
        switch content {
        case .certificate:
            let isGood = headings.contains { $0.contains("CERTIFICATE-----") }
            return isGood ? nil : "holds no certificate in PEM form (-----BEGIN CERTIFICATE-----)"
        case .privateKey:
            guard headings.contains(where: { $0.contains("PRIVATE KEY-----") }) else {
                return "holds no private key in PEM form (-----BEGIN PRIVATE KEY-----)"
            }
            let isEncrypted = text.contains("-----BEGIN ENCRYPTED") || text.contains("Proc-Type: 4,ENCRYPTED")
            return isEncrypted ? "holds an encrypted key; give one without a passphrase, readable by us alone" : nil
        }
    }

    /// Notes a bad value. `reason` replaces the catalog's allowed range.
    mutating func problem(_ name: String, _ value: String, _ reason: String?) {
        let definition = SettingCatalog.definition(name)
        let shown = definition?.isSecret == true ? SettingsError.Problem.secret : StateLimits.cut(value, to: 200)
        let allowed = reason ?? "allowed: \(definition?.allowed ?? "")"
        problems.append(.init(setting: name, value: shown, reason: allowed))
    }

    /// Notes a bad value that is none of anybody's business where the API is not asked.
    mutating func flaw(_ name: String, _ value: String, isUsed: Bool) {
        guard !isUsed else { return problem(name, value, nil) }
        let allowed = SettingCatalog.definition(name)?.allowed ?? ""
        warnings.append(
            "\(name)='\(StateLimits.cut(value, to: 200))' is ignored: contracts are read from CONFIGMAP_PATH; "
                + "allowed: \(allowed)"
        )
    }

    mutating func warn(_ text: String) { warnings.append(text) }

    private func trimmed(_ text: Substring) -> String {
        var text = text
        while text.first?.isWhitespace == true { text.removeFirst() }
        while text.last?.isWhitespace == true { text.removeLast() }
        return String(text)
    }
}
