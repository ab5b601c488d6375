import Shared
import SharedHTTP

extension BrokerDiagnosis {
    /// What the broker answered.
    var exchange: [DoctorLine] {
        guard let heartbeat = facts.answers[.heartbeat] else { return [] }
        var lines: [DoctorLine] = []
        if facts.url.scheme == "https", let line = certificate(heartbeat) {
            lines.append(line)
            if line.mark == .wrong { return lines }
        }
        lines += [line(.heartbeat, .brokerHeartbeat), line(.dependencies, .brokerDatabase)].compactMap(\.self)
        lines += [authentication, index, version, permission].compactMap(\.self)
        return lines
    }

    private func outcome(_ kind: BrokerRequest.Kind) -> BrokerOutcome? {
        facts.answers[kind]
            .map { BrokerAnswer.outcome(of: kind, $0, usesBearer: facts.usesBearer, proxy: facts.target.proxy) }
    }

    /// `nil` where the connection failed before there was a certificate, or after: not its fault.
    private func certificate(_ answer: BrokerFacts.Answer) -> DoctorLine? {
        switch answer {
        case .success:
            let authorities = facts.caFile.isEmpty ? "the system's authorities" : "BROKER_CA_FILE=\(facts.caFile)"
            return .good(.brokerTLS, "the certificate of \(facts.url.authority) is good, by \(authorities)")
        case .failure(let error):
            return error.kind == .tls ? .wrong(.brokerTLS, error.description) : nil
        }
    }

    /// Heartbeat and dependencies; who we are is another line's business.
    private func line(_ kind: BrokerRequest.Kind, _ check: DoctorCheck) -> DoctorLine? {
        guard let outcome = outcome(kind) else { return nil }
        switch outcome {
        case .alive: return .good(check, "answers")
        case .databaseUp:
            if case .success(let response)? = facts.answers[kind], response.status == 404 {
                return .good(check, "the broker does not tell (404)")
            }
            return .good(check, "the broker's database answers")
        case .unauthorized, .forbidden: return nil
        default: return .wrong(check, BrokerCheck.failure(outcome).1)
        }
    }

    /// The first answer that refuses us, or the index, which nobody reads without the right to.
    private var authentication: DoctorLine? {
        for kind in [BrokerRequest.Kind.heartbeat, .dependencies, .index] {
            switch outcome(kind) {
            case .unauthorized(let text)?, .forbidden(let text)?: return .wrong(.brokerAuthentication, text)
            default: break
            }
        }
        guard case .index? = outcome(.index) else { return nil }
        return .good(.brokerAuthentication, "the broker lets us read with \(facts.credentials)")
    }

    private var index: DoctorLine? {
        switch outcome(.index) {
        case nil, .unauthorized?, .forbidden?: nil
        case .index(.none)?: .wrong(.brokerIndex, "the index at BROKER_URL offers no way to publish a pact")
        case .index?: .good(.brokerIndex, "a Pact Broker")
        case let other?: .wrong(.brokerIndex, BrokerCheck.failure(other).1)
        }
    }

    private var version: DoctorLine? {
        guard case .index(let way)? = outcome(.index), way != .none else { return nil }
        let told = facts.answers.values.compactMap { try? $0.get().headers["x-pact-broker-version"] }.first
        let known = told.map { "Pact Broker \(StateLimits.cut($0, to: 40))" }
        if way.isSingle {
            let text = "\(known ?? "the broker") has no /contracts/publish: each contract is a request of its own"
            return .odd(.brokerVersion, text, DoctorCheck.brokerVersion.remedy)
        }
        guard let known else {
            let remedy = "Nothing, if it is a hosted broker or a proxy removes the header X-Pact-Broker-Version."
            return .odd(.brokerVersion, "the broker does not tell its version", remedy)
        }
        return .good(.brokerVersion, "\(known); takes many contracts in one request")
    }

    /// Without what to do.
    private static func head(_ text: String) -> String {
        String(text.split(separator: "; ", maxSplits: 1).first ?? "")
    }

    /// The answer to an empty publication: who may not write is refused before what it says is looked at (recorded: 401
    /// to read-only credentials, 400 with the missing fields to those that may write).
    private var permission: DoctorLine? {
        guard let outcome = outcome(.publish) else { return nil }
        switch outcome {
        case .unauthorized(let text), .forbidden(let text):
            let canRead = authentication?.mark == .good
            let found = canRead ? "we may read, but a publication is refused: \(text)" : text
            return .wrong(.brokerWrite, Self.head(found), DoctorCheck.brokerWrite.remedy)
        case .rejected(status: 400, _):
            return .good(.brokerWrite, "an empty publication is refused as empty, not for who we are")
        case .noSuchEndpoint:
            let text = "cannot be asked of a broker without /contracts/publish (404)"
            return .odd(.brokerWrite, text, DoctorCheck.brokerVersion.remedy)
        case .published:
            return .odd(
                .brokerWrite,
                "the broker takes an empty publication, as no Pact Broker does",
                DoctorCheck.brokerIndex.remedy
            )
        default: return .odd(.brokerWrite, "cannot be told: " + BrokerCheck.failure(outcome).1)
        }
    }
}
