import Shared
import TestSupport
import Testing

@testable import Gate

struct GateSettingsTests {
    typealias Options = GateSettings.Options

    func settings(_ options: Options, _ variables: [String: String] = [:]) throws -> GateSettings {
        try GateSettings(options, environment: ProcessEnvironment(variables))
    }

    @Test func defaultsAreTheDocumentedOnes() throws {
        let settings = try settings(Options(providers: ["Orders"]))
        #expect(settings.source == .manager(try #require(BaseURL("http://pact-mocks-manager:8081"))))
        #expect(settings.timeout == .seconds(90))
        #expect(settings.onTimeout == .start)
        #expect(try self.settings(Options(providers: ["Orders"], check: true)).timeout == .seconds(2))
    }

    @Test func theCommandLineWinsOverTheEnvironment() throws {
        let variables = ["MANAGER_URL": "http://from-environment:1"]
        #expect(try settings(Options(providers: ["A"]), variables).source.url.authority == "from-environment:1")
        let named = try settings(Options(providers: ["A"], manager: "http://named:2/base"), variables)
        #expect(named.source.url.description == "http://named:2/base")
        let broker = try settings(Options(providers: ["A"], broker: "http://broker"), variables)
        #expect(broker.source == .broker(try #require(BaseURL("http://broker"))))
    }

    /// Whoever sets nothing is the same user for the gate and for the publisher.
    @Test func withoutCredentialsTheBrokerGetsThoseOfTheSettings() throws {
        let shared = try Settings(environment: ProcessEnvironment([:]))
        let both = "\(shared.brokerUsername.value):\(shared.brokerPassword.value)"
        let source = try settings(Options(providers: ["A"], broker: "http://broker")).source
        func header(_ variables: [String: String]) throws -> String? {
            try BrokerLogin(source, ProcessEnvironment(variables)).header()
        }
        #expect(try header([:]) == "Basic \(Base64.encodeToString(Array(both.utf8)))" && both == "pact:pact")
        #expect(try header(["BROKER_USERNAME": ""]) == nil)
        #expect(try header(["BROKER_TOKEN": "t"]) == "Bearer t")
    }

    @Test func aProviderIsAskedForOnce() throws {
        #expect(try settings(Options(providers: ["B", "A", "B"])).providers == ["B", "A"])
    }

    @Test(arguments: [
        (Options(), "--provider"), (Options(providers: [" "]), "name"), (Options(providers: [".."]), "'..'"),
        (Options(providers: ["A"], consumer: ""), "''"),
        (Options(providers: (0...64).map { "P\($0)" }), "at most 64"),
        (Options(providers: ["A"], manager: "http://a", broker: "http://b"), "not both"),
        (Options(providers: ["A"], manager: "a:8081"), "--manager"),
        (Options(providers: ["A"], broker: "https://broker"), "https is not built"),
        (Options(providers: ["A"], timeout: "0"), "--timeout '0'"),
        (Options(providers: ["A"], timeout: "1h"), "--timeout '1h'"),
        (Options(providers: ["A"], timeout: "1441m"), "24 h"),
        (Options(providers: ["A"], check: true, command: ["true"]), "--check"),
    ])
    func whatIsWrongIsNamed(options: Options, word: String) {
        let error = #expect(throws: GateSettings.Problem.self) { try settings(options) }
        #expect(error?.description.contains(word) == true, "\(String(describing: error))")
    }

    @Test func noMessageShowsAPassword() {
        for url in ["https://pact:hidden@broker", "http://pact:hidden@", "ftp://pact:hidden@broker"] {
            let error = #expect(throws: GateSettings.Problem.self) {
                try settings(Options(providers: ["A"], broker: url))
            }
            #expect(error?.description.contains("hidden") == false, "\(String(describing: error))")
        }
    }

    @Test func theManualHasEveryExitCodeAndVariable() throws {
        let manual = try RepositoryFile.text("docs/gate.md")
        let plain = manual.filter { $0 != "`" }
        for code in GateExit.allCases {
            let row = "| \(code.rawValue) | \(code.meaning.filter { $0 != "`" }) |"
            #expect(plain.contains(row), "\(row)")
        }
        for name in GateOutcome.variables { #expect(manual.contains("| `\(name)` |")) }
        #expect(manual.contains(GateSettings.defaultManagerURL))
    }
}
