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

    private func outcome(_ kind: BrokerRequest.Kind) -> BrokerOutcome? { facts.outcome(kind) }

    /// A server's words are shown and never taken for our advice, whatever they hold.
    private func failure(_ kind: BrokerRequest.Kind, _ outcome: BrokerOutcome, _ check: DoctorCheck) -> DoctorLine {
        let text = BrokerCheck.failure(outcome).1
        return facts.isAnsweredInOurWords(kind) ? .wrong(check, OwnSentence(text)) : .wrong(check, text)
    }

    /// `nil` where the connection failed before there was a certificate, or after: not its fault.
    private func certificate(_ answer: BrokerFacts.Answer) -> DoctorLine? {
        switch answer {
        case .success:
            let authorities = facts.caFile.isEmpty ? "the system's authorities" : "BROKER_CA_FILE=\(facts.caFile)"
            return .good(.brokerTLS, "the certificate of \(facts.url.authority) is good, by \(authorities)")
        case .failure(let error):
            guard error.kind == .tls else { return nil }
            // libcurl's own sentence may quote the certificate.
            return .wrong(.brokerTLS, error.description, error.advice.flatMap { OwnSentence($0).wayOut })
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
        default: return failure(kind, outcome, check)
        }
    }

    /// The first answer that refuses us, or the index, which nobody reads without the right to.
    private var authentication: DoctorLine? {
        for kind in [BrokerRequest.Kind.heartbeat, .dependencies, .index] {
            switch outcome(kind) {
            case .unauthorized(let text)?: return .wrong(.brokerAuthentication, OwnSentence(text))
            // The broker's own words.
            case .forbidden(let text)?: return .wrong(.brokerAuthentication, text)
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
        case let other?: failure(.index, other, .brokerIndex)
        }
    }

    private var version: DoctorLine? {
        guard case .index(let way)? = outcome(.index), facts.isBroker else { return nil }
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

    /// The answer to an empty publication: who may not write is refused before what it says is looked at (recorded: 401
    /// to read-only credentials, 400 with the missing fields to those that may write).
    private var permission: DoctorLine? {
        guard let outcome = outcome(.publish) else { return notAsked }
        let refusal = "we may read, but a publication is refused: "
        switch outcome {
        case .unauthorized(let text):
            return .wrong(.brokerWrite, refusal + OwnSentence(text).trouble)
        case .forbidden(let text): return .wrong(.brokerWrite, refusal + text)
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
        default:
            let remedy = "See to the broker, or to what stands before it, and run this again."
            return .odd(.brokerWrite, "cannot be told: " + BrokerCheck.failure(outcome).1, remedy)
        }
    }

    /// Where there was no way to the index either, its own line says so.
    private var notAsked: DoctorLine? {
        guard case .success? = facts.answers[.index], !facts.isBroker else { return nil }
        let text =
            "not asked: nothing is sent to a server whose index is not that of a Pact Broker that takes contracts"
        return .odd(.brokerWrite, text, "Correct what fails above, and run this again.")
    }
}
