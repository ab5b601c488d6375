import Shared
import Testing

@Suite struct SettingsTests {
    func settings(_ variables: [String: String], files: [String: String] = [:]) throws -> Settings {
        try Settings(environment: ProcessEnvironment(variables)) { path in
            guard let text = files[path] else {
                return .failure(SystemError(call: "open", number: 2, subject: path))
            }
            return .success(Array(text.utf8))
        }
    }

    func problem(_ variables: [String: String], files: [String: String] = [:]) -> String {
        do {
            _ = try settings(variables, files: files)
            return ""
        } catch {
            return "\(error)"
        }
    }

    @Test func hasTheDefaultsOfTheCatalog() throws {
        let settings = try settings([:])
        #expect(settings.brokerURL.description == "http://pact-broker:9292")
        #expect(settings.brokerUsername.value == "pact")
        #expect(settings.brokerPassword.value == "pact")
        #expect(settings.brokerToken.value.isEmpty)
        #expect(settings.namespace == "secret-manager-controller-pact-broker")
        #expect(settings.configMapNames == ["pact-contracts"])
        #expect(settings.configMapPath == "/pact-contracts")
        #expect(settings.gitBranch == "main" && settings.gitCommit == "unknown")
        #expect(settings.healthPort == 8081 && settings.healthHost == "::")
        #expect(settings.checkInterval == .seconds(2) && settings.stalenessLimit == .seconds(6))
        #expect(settings.brokerTimeout == .seconds(90))
        #expect(settings.stateDirectory == nil)
        #expect(settings.readinessMode == .settled && settings.versionPolicy == .auto)
        #expect(settings.warnings.isEmpty)
    }

    @Test(arguments: [
        ("BROKER_URL", "pact-broker:9292"), ("BROKER_URL", "ftp://broker"), ("BROKER_URL", "http://"),
        ("BROKER_URL", "http://host:99999"), ("BROKER_URL", "http://host/?q=1"), ("BROKER_HEALTH_PATH", "status"),
        ("CONTRACT_SOURCE", "git"), ("VERSION_POLICY", "semver"),
        ("READINESS_MODE", "always"), ("CREATE_PACTICIPANTS", "perhaps"), ("HEALTH_PORT", "65536"),
        ("HEALTH_PORT", "-1"), ("HEALTH_PORT", "http"), ("HEALTH_HOST", "localhost"), ("CHECK_INTERVAL_SECS", "0"),
        ("CHECK_INTERVAL_SECS", "2s"), ("BROKER_TIMEOUT_SECS", "1e9"), ("STATE_DIR", "relative/path"),
        ("WORKER_MEMORY_LIMIT", "12M"), ("WORKER_MEMORY_LIMIT", "99999999999999999999G"), ("LOG_LEVEL", "loud"),
        ("LOG_FORMAT", "xml"), ("BROKER_PORT", "none"), ("GIT_COMMIT", "a\nb"),
    ])
    func namesABadValueWithItsVariableAndWhatIsAllowed(name: String, value: String) {
        let text = problem([name: value])
        #expect(text.contains("\(name)='\(value)'"), "\(text)")
        #expect(text.contains("allowed"), "\(text)")
    }

    /// Only a mounted directory is read: names of what nobody asks the API for stop nothing.
    @Test(arguments: [
        ("CONFIGMAP_NAME", ","), ("CONFIGMAP_NAME", "a,B"), ("NAMESPACE", "Foo_Bar"), ("NAMESPACE", "-a"),
    ])
    func warnsAboutABadNameThatIsNotUsed(name: String, value: String) throws {
        let warnings = try settings([name: value]).warnings
        #expect(warnings.count == 1 && warnings[0].hasPrefix("\(name)='\(value)' is ignored"), "\(warnings)")
    }

    @Test func namesEveryProblemAtOnce() {
        let text = problem(["HEALTH_PORT": "x", "LOG_FORMAT": "y"])
        #expect(text.contains("HEALTH_PORT") && text.contains("LOG_FORMAT"))
    }

    @Test func neverShowsASecret() throws {
        let text = problem(["BROKER_PASSWORD": "top\nsecret", "BROKER_URL": "htp://user:hidden@broker"])
        #expect(text.contains("BROKER_PASSWORD=(secret)"))
        #expect(!text.contains("top") && !text.contains("hidden"))
        let settings = try settings(["BROKER_PASSWORD": "hidden", "BROKER_URL": "http://u:word@broker:1/base/"])
        #expect(!"\(settings.brokerPassword)".contains("hidden"))
        #expect(!String(reflecting: settings.brokerPassword).contains("hidden"))
        #expect(settings.brokerURL.description == "http://broker:1/base")
        #expect(settings.brokerURL.credentials?.password == "word")
    }

    @Test func readsSecretsFromFilesAndTrimsTheirEnd() throws {
        let settings = try settings(["BROKER_TOKEN_FILE": "/token"], files: ["/token": "abc\n"])
        #expect(settings.brokerToken.value == "abc")
        #expect(settings.brokerToken.file == "/token")
        #expect(
            problem(["BROKER_TOKEN_FILE": "/none"])
                .contains("BROKER_TOKEN_FILE='/none' is not usable; the file cannot be read")
        )
    }

    @Test func recognisesWhatKubernetesServiceLinksInject() throws {
        let settings = try settings(["BROKER_PORT": "tcp://10.0.0.1:9292", "HEALTH_PORT": "tcp://10.0.0.2:8081"])
        #expect(settings.healthPort == 8081)
        #expect(settings.warnings.count == 2)
        #expect(settings.warnings.allSatisfy { $0.contains("enableServiceLinks") })
    }

    @Test func takesTheAncestorsPortOnlyWithoutAURL() throws {
        #expect(try settings(["BROKER_PORT": "9393"]).brokerURL.description == "http://pact-broker:9393")
        let both = try settings(["BROKER_PORT": "9393", "BROKER_URL": "http://b:1"])
        #expect(both.brokerURL.description == "http://b:1")
    }

    @Test func readsTheNamespaceOfTheServiceAccountBeforeTheDefault() throws {
        let file = "/var/run/secrets/kubernetes.io/serviceaccount/namespace"
        #expect(try settings([:], files: [file: "team-a"]).namespace == "team-a")
        #expect(try settings(["NAMESPACE": "b"], files: [file: "team-a"]).namespace == "b")
    }

    @Test(arguments: [
        ("BROKER_ULR", "BROKER_ULR is no setting; did you mean BROKER_URL?"),
        ("BROKER_USER", "BROKER_USER is no setting; did you mean BROKER_URL?"),
        ("CONFIGMAP_DIRECTORY", "CONFIGMAP_DIRECTORY is no setting; --help lists all settings"),
        ("HEALTHPORT", "HEALTHPORT is no setting; did you mean HEALTH_PORT?"),
        ("LOGLEVEL", "LOGLEVEL is no setting; did you mean LOG_LEVEL?"),
    ])
    func suspectsAMisspeltSetting(name: String, warning: String) throws {
        #expect(try settings([name: "x"]).warnings == [warning])
    }

    /// Nothing of what is usual in a pod, a shell or a CI job.
    @Test(arguments: [
        "BROKER_TOKEN_FILE", "BROKER_SERVICE_HOST", "BROKER_SERVICE_PORT_HTTP", "BROKER_PORT_9292_TCP_ADDR",
        "HEALTH_PORT_80_TCP", "PACT_BROKER_BASE_URL", "POD_NAMESPACE", "BUILD_ID", "BUILD_NUMBER", "BUILD_TAG",
        "JOB_URL",
        "GIT_URL", "GIT_PREVIOUS_COMMIT", "GIT_AUTHOR_NAME", "LOG_DIR", "HOME", "PATH", "LANG", "TERM", "USER",
    ])
    func suspectsNothingThatOthersSet(name: String) throws {
        #expect(try settings([name: "tcp://10.0.0.1:1"], files: ["tcp://10.0.0.1:1": "x"]).warnings.isEmpty)
    }

    /// An empty variable, as a template without a value leaves it, is one that is not set.
    @Test func emptyMeansNotSet() throws {
        let empty = try settings(Dictionary(uniqueKeysWithValues: SettingCatalog.all.map { ($0.name, "") }))
        #expect(empty.brokerURL.description == "http://pact-broker:9292")
        #expect(empty.healthPort == 8081 && empty.configMapNames == ["pact-contracts"])
        #expect(empty.brokerUsername.value.isEmpty, "the one exception: no basic authentication")
        #expect(try settings(["BROKER_URL": "", "BROKER_PORT": "9393"]).brokerURL.authority == "pact-broker:9393")
    }

    /// A one-shot does not care for the settings of others.
    @Test func onlyTheSettingsThatAreReadMatter() throws {
        let environment = ProcessEnvironment(["HEALTH_PORT": "zz", "BROKER_TOKEN_FILE": "/none"])
        #expect(throws: Never.self) { try Settings(environment: environment, reads: ["LOG_LEVEL"]) }
        #expect(throws: SettingsError.self) { try Settings(environment: environment, reads: ["BROKER_TOKEN"]) }
    }

    @Test(arguments: [("64M", 64 << 20), ("64Mi", 64 << 20), ("1G", 1 << 30), ("67108864", 64 << 20)])
    func readsSizes(text: String, bytes: UInt64) throws {
        #expect(try settings(["WORKER_MEMORY_LIMIT": text]).workerMemoryLimit == .bytes(bytes))
    }

    @Test(arguments: ["http://[::1]:9292", "https://broker.example/pact", "http://a_b:80", "HTTP://Host"])
    func acceptsTheURLsOfRealBrokers(url: String) {
        #expect(BaseURL(url) != nil)
    }

    @Test(
        arguments: [
            ("http://host", "host", 80), ("http://user:1@host:8081/path", "host", 8081),
            ("https://host/a:1", "host", 443),
            ("http://127.0.0.1:1", "127.0.0.1", 1), ("http://[::1]", "::1", 80), ("https://[fd00::1]", "fd00::1", 443),
            ("http://[::1]:99/", "::1", 99),
        ] as [(String, String, UInt16)]
    )
    func hostAndPortAreTheURLsOwnOrTheSchemes(text: String, host: String, port: UInt16) throws {
        let url = try #require(BaseURL(text))
        #expect(url.host == host && url.port == port)
    }

    @Test(
        arguments: [
            ("proxy.test:3128", "proxy.test", 3128), ("https://proxy.test", "proxy.test", 443),
            ("http://u:p@[::1]", "::1", 1080), ("socks5h://[::1]:9", "::1", 9),
        ] as [(String, String, UInt16)]
    )
    func hostAndPortOfAProxyAreItsOwnOrLibcurls(text: String, host: String, port: UInt16) throws {
        let proxy = try #require(ProxySetting(variable: "ALL_PROXY", text))
        #expect(proxy.host == host && proxy.port == port)
    }

    @Test(arguments: ["http://[::1", "http://::1:80", "http://a b", "http://user@", "http:///path", "//host"])
    func refusesWhatIsNoURL(url: String) {
        #expect(BaseURL(url) == nil)
    }
}
