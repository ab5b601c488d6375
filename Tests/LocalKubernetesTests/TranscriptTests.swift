import Shared
import Synchronization
import TestSupport
import Testing

/// The specification: what a real kube-apiserver answered, replayed request by request against ours.
@Suite("Transcripts of a real API server", .timeLimit(.minutes(3)))
struct TranscriptTests {
    /// So many exchanges must have been compared, so that none gets lost silently.
    private static let compared = 70

    @Test("answers as recorded")
    func answersAsRecorded() throws {
        let plans = TranscriptPlan.reads + TranscriptPlan.failures + TranscriptPlan.writes
        var rows = [["transcript", "exchanges", "replayed", "agree"]]
        var left: [[String]] = []
        var total = 0
        for result in Self.runAll(plans) {
            let plan = result.plan
            rows.append([plan.file] + [result.exchanges, result.replayed, result.agree].map(String.init))
            left += plan.steps.compactMap { step in step.reason.map { ["\(plan.file) #\(step.number)", $0] } }
            left += plan.others.map { [plan.file, $0] }
            total += result.replayed
            for problem in result.problems { Issue.record("\(problem)") }
        }
        print(TextTable.lines(rows).joined(separator: "\n"))
        print("not replayed:\n\(TextTable.lines(left).joined(separator: "\n"))")
        #expect(total == Self.compared)
    }

    private struct Result: Sendable {
        var plan: TranscriptPlan
        var exchanges = 0
        var replayed = 0
        var agree = 0
        var problems: [String] = []
    }

    /// Each file has its server and its thread: most of the time passes waiting for the end of watches.
    private static func runAll(_ plans: [TranscriptPlan]) -> [Result] {
        let shelf = Shelf()
        let threads = plans.map { plan in
            TestThread {
                var result = Result(plan: plan)
                do { try run(&result) } catch { result.problems.append("\(plan.file): \(error)") }
                let done = result
                shelf.results.withLock { $0[plan.file] = done }
            }
        }
        for thread in threads { thread.join() }
        return shelf.results.withLock { results in plans.compactMap { results[$0.file] } }
    }

    private final class Shelf: Sendable {
        let results = Mutex<[String: Result]>([:])
    }

    private static func run(_ result: inout Result) throws {
        let plan = result.plan
        let exchanges = try TranscriptExchange.all(in: plan.file)
        result.exchanges = exchanges.count
        if plan.steps.map(\.number) != Array(1..<(exchanges.count + 1)) {
            result.problems.append("\(plan.file): \(exchanges.count) exchanges, \(plan.steps.count) steps")
            return
        }
        let situation = try TranscriptSituation(plan.arguments)
        for (exchange, step) in zip(exchanges, plan.steps) where step.reason == nil {
            try step.prepare?(situation)
            let answer = try send(exchange, step, situation)
            result.replayed += 1
            if let difference = TranscriptComparison.difference(exchange, answer, step.strictness) {
                result.problems.append("\(plan.file) #\(step.number): \(difference)")
            } else {
                result.agree += 1
            }
        }
    }

    private static func send(
        _ exchange: TranscriptExchange,
        _ step: TranscriptPlan.Step,
        _ situation: TranscriptSituation
    ) throws -> TestHTTPResponse {
        let target = try #require(step.target ?? exchange.target)
        // Where no bookmark may come before the end, the end may come sooner.
        let hasBookmark = target.contains("allowWatchBookmarks=true") && !target.contains("sendInitialEvents")
        let usual = exchange.isAdministrator ? TranscriptPlan.administrator : TranscriptSituation.managerToken
        let token = step.token ?? usual
        let headers = step.headers.map { (name: $0 == "gzip" ? "Accept-Encoding" : "Accept", value: $0) }
        return try situation.send(
            exchange.method,
            target.replacing(/timeoutSeconds=\d+/, with: hasBookmark ? "timeoutSeconds=4" : "timeoutSeconds=1"),
            token: token.isEmpty ? nil : token,
            headers: exchange.requestHeaders + headers,
            body: step.body ?? Array((exchange.requestBody ?? "").utf8),
            during: step.during
        )
    }
}
