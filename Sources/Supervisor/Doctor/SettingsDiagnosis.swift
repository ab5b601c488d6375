import Shared

/// What `doctor` says of the settings themselves: pure.
struct SettingsDiagnosis {
    let environment: ProcessEnvironment
    /// With the default in the place of a value that is wrong.
    let settings: Settings
    let error: SettingsError?

    var lines: [DoctorLine] {
        let names = SettingCatalog.suspects(in: environment)
        let ignored = settings.warnings.filter { !names.contains($0) } + pairs
        return (error?.doctorLines ?? [.good(.settingsValues, "all valid")])
            + (names.isEmpty
                ? [.good(.settingsNames, "none looks misspelt")] : names.map { .odd(.settingsNames, OwnSentence($0)) })
            + (ignored.isEmpty
                ? [.good(.settingsIgnored, "none is set for nothing")]
                : ignored.map { .odd(.settingsIgnored, OwnSentence($0)) })
    }

    /// Settings of which another one takes the effect, one sentence each.
    var pairs: [String] { secretFiles + credentials + older + unusedFiles + unusedSource }

    private func isSet(_ name: String) -> Bool { environment[name]?.isEmpty == false }

    private var secretFiles: [String] {
        SettingCatalog.all.filter { $0.isSecret && isSet($0.name) && isSet("\($0.name)_FILE") }
            .map { "\($0.name) is ignored: \($0.name)_FILE counts; remove one of them" }
    }

    private var credentials: [String] {
        let inURL = settings.brokerURL.credentials != nil
        let named = ["BROKER_USERNAME", "BROKER_PASSWORD"].filter { isSet($0) || isSet("\($0)_FILE") }
        var texts: [String] = []
        if !settings.brokerToken.value.isEmpty {
            let ignored = named + (inURL ? ["the credentials in BROKER_URL"] : [])
            let verb = ignored.count == 1 && !inURL ? "is" : "are"
            let list = ignored.joined(separator: " and ")
            if !ignored.isEmpty { texts.append("\(list) \(verb) ignored: BROKER_TOKEN counts; remove one of them") }
        } else if inURL, !named.isEmpty {
            let list = named.joined(separator: " and ")
            texts.append(
                "the credentials in BROKER_URL are ignored: \(list) count\(named.count == 1 ? "s" : ""); "
                    + "remove one of them"
            )
        }
        return texts
    }

    /// What is accepted for the ancestor's manifests.
    private var older: [String] {
        var texts: [String] = []
        if let port = environment["BROKER_PORT"], UInt16(port) != nil {
            texts.append(
                isSet("BROKER_URL")
                    ? "BROKER_PORT is ignored: BROKER_URL counts; remove it"
                    : "BROKER_PORT is accepted for older manifests only; set BROKER_URL with the port"
            )
        }
        if isSet("PUBLISHED_FLAG_PATH") {
            texts.append(
                "PUBLISHED_FLAG_PATH is accepted for older manifests only and never read; ask /readiness, or put "
                    + "wait-for-contract before the mock server"
            )
        }
        return texts
    }

    private var unusedFiles: [String] {
        guard settings.brokerURL.scheme == "http" else { return [] }
        return ["BROKER_CA_FILE", "BROKER_CLIENT_CERT_FILE", "BROKER_CLIENT_KEY_FILE"].filter(isSet)
            .map { "\($0) is ignored: BROKER_URL is no https URL; correct BROKER_URL, or remove it" }
    }

    private var unusedSource: [String] {
        guard settings.kubernetes == nil else { return [] }
        var names = ["CONFIGMAP_NAME"]
        // Elsewhere the settings' own warnings name them.
        if settings.contractSource == .directory {
            names += ["KUBERNETES_API_URL", "KUBERNETES_TOKEN_FILE", "KUBERNETES_CA_FILE"]
        }
        return names.filter(isSet)
            .map { "\($0) is ignored: contracts are read from CONFIGMAP_PATH; see CONTRACT_SOURCE, or remove it" }
    }
}
