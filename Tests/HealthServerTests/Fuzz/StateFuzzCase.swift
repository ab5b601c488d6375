import FoundationEssentials
import Shared

@testable import HealthServer

/// One section of the state that holds arbitrary bytes, beside three good ones: decoded as the server does it, then
/// every answer is made from it.
enum StateFuzzCase {
    /// - Parameter input: The first byte says which section and `READINESS_MODE`; the rest is the section's content.
    /// - Returns: Whether the content could be decoded.
    /// - Throws: ``FuzzViolation``.
    @discardableResult
    static func run(_ input: [UInt8]) throws -> Bool {
        let first = Int(input.first ?? 0)
        let content = Data(input.dropFirst())
        var sections = FuzzWorld.sections
        // As StateReader decodes; a section that never was good is not there.
        let isGood: Bool
        switch first & 3 {
        case 0:
            sections.processes = try? JSONDecoder().decode(ProcessesState.self, from: content)
            isGood = sections.processes != nil
        case 1:
            sections.source = try? JSONDecoder().decode(SourceState.self, from: content)
            isGood = sections.source != nil
        case 2:
            sections.broker = try? JSONDecoder().decode(BrokerState.self, from: content)
            isGood = sections.broker != nil
        default:
            sections.publication = try? JSONDecoder().decode(PublicationState.self, from: content)
            isGood = sections.publication != nil
        }
        var rules = FuzzWorld.rules
        let modes = Settings.ReadinessMode.allCases
        rules.mode = modes[(first >> 2) % modes.count]
        let view = StateView(snapshot: FuzzWorld.snapshot(sections), problem: nil, tick: 598)
        let situation = Situation(view: view, rules: rules, isStopping: false, now: FuzzWorld.now)
        try checkProbes(situation)
        try checkProviders(situation)
        try checkDocuments(situation)
        return isGood
    }

    private static func checkProbes(_ situation: Situation) throws {
        let evaluation = ProbeEvaluation(situation)
        try wellFormed(.liveness(evaluation.liveness), [200, 503])
        try wellFormed(.health(evaluation), [200])
        let ready = Answer.ready(evaluation, rules: situation.rules)
        try wellFormed(ready, [200, 503])
        let readiness = Answer.readiness(evaluation, rules: situation.rules, since: "then")
        try wellFormed(readiness, [200, 503])
        let checks = HealthCheck.readiness(situation)
        let verbose = Answer.checks(checks, name: "readyz", CheckQuery(isVerbose: true), retryAfter: 1)
        guard verbose.status == readiness.status else {
            throw FuzzViolation("/readyz is \(readiness.status), with ?verbose \(verbose.status)")
        }
        guard ready.status == 503 || (isUsable(situation) && hasProof(situation) { _ in true }) else {
            throw FuzzViolation("/ready without a proof")
        }
    }

    private static func checkProviders(_ situation: Situation) throws {
        let desired = situation.sections.source?.pairs.map(\.provider) ?? []
        for name in [FuzzWorld.published, FuzzWorld.pending, ""] + desired.prefix(8) {
            let readiness = ProviderReadiness(ProviderQuery(provider: name), situation)
            let answer = Answer.provider(readiness, situation: situation)
            try wellFormed(answer, [200, 404, 503])
            let startup = StartupVerdict(StartupQuery(providers: [name]), situation)
            try wellFormed(.startup(startup, rules: situation.rules), [200, 503])
            guard (answer.status == 200) == (startup.outcome == .ready) else {
                throw FuzzViolation("/startup and /providers differ on '\(name)'")
            }
            guard answer.status != 200 || isProven(readiness.provider, situation) else {
                throw FuzzViolation("'\(name)' is ready without a proof")
            }
        }
    }

    private static func checkDocuments(_ situation: Situation) throws {
        let snapshot = situation.view.snapshot
        for isBlocked in [false, true] {
            let list = Document.providers(isBlocked: isBlocked).encode(snapshot)
            try wellFormed(.providers(situation, list: list), [200])
        }
        let evaluation = ProbeEvaluation(situation)
        let status = Answer.status(
            situation,
            evaluation: evaluation,
            since: "then",
            waiters: 0,
            sections: Document.sections.encode(snapshot)
        )
        try wellFormed(status, [200])
    }

    // MARK: an oracle of its own

    /// Everything of this run, source and broker usable: without that nothing may be ready.
    private static func isUsable(_ situation: Situation) -> Bool {
        let all = situation.view.snapshot.sections
        guard let source = all.source, let broker = all.broker, let publication = all.publication else { return false }
        return source.run == FuzzWorld.run && broker.run == FuzzWorld.run && publication.run == FuzzWorld.run
            && (source.status == .present || source.status == .lost) && broker.status == .ready
            && all.processes?.stopping != true
    }

    private static func hasProof(_ situation: Situation, _ isWanted: (DesiredPair) -> Bool) -> Bool {
        let all = situation.view.snapshot.sections
        return all.source?.pairs.contains { pair in isWanted(pair) && hasProof(of: pair, all) } ?? false
    }

    /// Every pair of the provider that has content is proven, and at least one has.
    private static func isProven(_ provider: String, _ situation: Situation) -> Bool {
        let all = situation.view.snapshot.sections
        let pairs = all.source?.pairs.filter { Array($0.provider.utf8) == Array(provider.utf8) } ?? []
        let open = pairs.filter { !hasProof(of: $0, all) }
        return isUsable(situation) && open.count < pairs.count && open.allSatisfy { $0.sha256 == nil }
    }

    private static func hasProof(of pair: DesiredPair, _ all: StateSections) -> Bool {
        all.publication?.pairs
            .contains {
                Array($0.consumer.utf8) == Array(pair.consumer.utf8)
                    && Array($0.provider.utf8) == Array(pair.provider.utf8) && $0.verifiedSHA256 != nil
            } ?? false
    }

    private static func wellFormed(_ answer: Answer, _ allowed: Set<Int>) throws {
        guard allowed.contains(answer.status) else { throw FuzzViolation("status \(answer.status)") }
        do {
            _ = try JSONReader.parse(answer.body)
        } catch {
            throw FuzzViolation("no JSON (\(error)): \(String(decoding: answer.body.prefix(300), as: UTF8.self))")
        }
    }
}
