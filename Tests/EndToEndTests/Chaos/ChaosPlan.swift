import Glibc
import Shared

@testable import Supervisor

/// What is done and when: derived from the seed alone, so that a seed repeats its run as far as machines can.
struct ChaosPlan: Equatable, Sendable {
    enum Action: Equatable, Sendable {
        case kill(WorkerName, Int32)
        case stop(WorkerName)
        case resume(WorkerName)
        case restartAll
        /// Other entries of the directory, in one swap.
        case swap([Int: ChaosContracts.Entry])
        /// A fault of the broker, and by how much it may delay one request.
        case brokerFault(String, delay: Duration, answers: Bool)
        case brokerFaultsEnd
        case brokerWipe
        /// The broker ends by this signal.
        case brokerEnds(Int32)
        /// It comes back on its port.
        case brokerStarts(keepingContents: Bool)
    }

    struct Step: Equatable, Sendable {
        /// From the beginning.
        var at: Duration
        var action: Action
    }

    /// In order of time.
    let steps: [Step]

    init(seed: UInt64, length: Duration) {
        var random = SplitMix64(seed: seed)
        var steps: [Step] = []
        var now = Duration.zero
        var brokerIsBackAt = Duration.zero
        var nextRevision = 2
        func milliseconds(_ range: ClosedRange<Int>) -> Duration {
            .milliseconds(Int.random(in: range, using: &random))
        }
        while true {
            now += milliseconds(30...500)
            guard now < length else { break }
            let worker = WorkerName.allCases.randomElement(using: &random) ?? .publisher
            switch Int.random(in: 0..<100, using: &random) {
            case 0..<38: steps.append(Step(at: now, action: .swap(Self.entries(&nextRevision, &random))))
            case 38..<60:
                let signal = [SIGKILL, SIGKILL, SIGTERM, SIGSEGV].randomElement(using: &random) ?? SIGKILL
                steps.append(Step(at: now, action: .kill(worker, signal)))
            case 60..<68:
                steps.append(Step(at: now, action: .stop(worker)))
                let length = milliseconds(worker == .healthServer ? 50...4500 : 50...9000)
                steps.append(Step(at: now + length, action: .resume(worker)))
            case 68..<70: steps.append(Step(at: now, action: .restartAll))
            case 70..<86:
                steps.append(Step(at: now, action: Self.fault(&random)))
                steps.append(Step(at: now + milliseconds(100...3500), action: .brokerFaultsEnd))
            case 86..<94: steps.append(Step(at: now, action: .brokerWipe))
            default:
                guard now > brokerIsBackAt else { continue }
                brokerIsBackAt = now + milliseconds(50...8000)
                let signal = Bool.random(using: &random) ? SIGKILL : SIGTERM
                steps.append(Step(at: now, action: .brokerEnds(signal)))
                let keeps = Bool.random(using: &random)
                steps.append(Step(at: brokerIsBackAt, action: .brokerStarts(keepingContents: keeps)))
            }
        }
        self.steps = steps.filter { $0.at < length }.sorted { $0.at < $1.at }
    }

    /// Everything valid again, each pair with a revision of its own: what the quiet at the end has to reach.
    static let lastRevision = 1_000_000
    static var lastEntries: [Int: ChaosContracts.Entry] {
        Dictionary(uniqueKeysWithValues: ChaosContracts.pairs.indices.map { ($0, .content(lastRevision + $0)) })
    }

    private static func entries(_ next: inout Int, _ random: inout SplitMix64) -> [Int: ChaosContracts.Entry] {
        var entries: [Int: ChaosContracts.Entry] = [:]
        for _ in 0..<Int.random(in: 1...3, using: &random) {
            let pair = Int.random(in: 0..<ChaosContracts.pairs.count, using: &random)
            switch Int.random(in: 0..<10, using: &random) {
            case 0: entries[pair] = .absent
            case 1: entries[pair] = .invalid
            // Back to what was there before: A → B → A.
            case 2, 3: entries[pair] = .content(max(1, next - Int.random(in: 1...12, using: &random)))
            default:
                entries[pair] = .content(next)
                next += 1
            }
        }
        return entries
    }

    private static func fault(_ random: inout SplitMix64) -> Action {
        switch Int.random(in: 0..<8, using: &random) {
        case 0, 1:
            let latency = Int.random(in: 20...300, using: &random)
            return .brokerFault(#"{"latency_ms":\#(latency)}"#, delay: .milliseconds(latency), answers: true)
        case 2:
            let hang = Int.random(in: 1...4, using: &random)
            return .brokerFault(#"{"hang":\#(hang),"count":1}"#, delay: .seconds(hang), answers: true)
        case 3: return .brokerFault(#"{"database_down":true}"#, delay: .zero, answers: false)
        case 4: return .brokerFault(#"{"status":503}"#, delay: .zero, answers: false)
        case 5: return .brokerFault(#"{"close_mid_body":true,"count":2}"#, delay: .zero, answers: true)
        case 6: return .brokerFault(#"{"status":500,"paths":"/pacts/latest"}"#, delay: .zero, answers: true)
        default:
            let hang = Int.random(in: 1...3, using: &random)
            return .brokerFault(
                #"{"hang":\#(hang),"paths":"/pacts/latest","count":1}"#,
                delay: .seconds(hang),
                answers: true
            )
        }
    }
}
