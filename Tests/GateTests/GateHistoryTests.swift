import Shared
import Testing

@testable import Gate

/// Thousands of random histories: whatever servers do, the gate ends once and in time, asks one question for a provider at
/// a time, never in a loop, and says little.
struct GateHistoryTests {
    /// What is open, as the loop would know it from the actions alone.
    struct Ledger {
        var open: Set<Int> = []
        var questions = 0
        var lines = 0
        var finishes = 0

        mutating func note(_ steps: [GateUnderTest.Step]) {
            for step in steps {
                if finishes > 0 { Issue.record("\(step) after the end") }
                switch step {
                case .ask(let id, _):
                    open.insert(id)
                    questions += 1
                case .abandon(let id):
                    if open.remove(id) == nil { Issue.record("\(id) was not open") }
                case .say: lines += 1
                case .finish: finishes += 1
                }
            }
        }
    }

    static let answers: [Result<GateAnswer, GateFailure>] = [
        .success(.notReady("pending", "soon")), .success(.notReady("starting", "now")),
        .success(GateAnswer(status: 404, headers: [:], body: Array(#"{"ready":false,"state":"unknown"}"#.utf8))),
        .success(GateAnswer(status: 500, headers: ["retry-after": "4"], body: [])),
        .success(GateAnswer(status: 200, headers: [:], body: Array("<html>".utf8))),
        .failure(.notReached("connection refused")), .failure(.timedOut), .failure(.brokenAnswer("reset")),
    ]

    @Test(arguments: [UInt64(1), 2, 3, 4]) func everyHistoryEndsOnceAndInTime(seed: UInt64) throws {
        var random = JitterSource(seed: seed)
        var (ready, late) = (0, 0)
        for _ in 0..<2500 {
            let count = 1 + Int(random.next() * 3)
            let seconds = 1 + Int(random.next() * 60)
            var gate = try GateUnderTest(
                (0..<count).map { "P\($0)" },
                broker: random.next() < 0.3 ? "http://broker" : nil,
                timeout: "\(seconds)s",
                check: random.next() < 0.1
            )
            // Of some servers nothing good ever comes.
            let goodness = random.next() < 0.3 ? 0 : random.next() * 0.6
            let ledger = try play(&gate, &random, goodness)
            let time = gate.now - gate.start
            #expect(ledger.finishes == 1 && ledger.open.isEmpty)
            #expect(time <= .seconds(seconds), "ended after \(time) of \(seconds) s")
            // Two answered at once in a row are the most, a pause of 50 ms at least follows.
            #expect(ledger.questions <= count * (4 + seconds * 8), "\(ledger.questions) questions in \(seconds) s")
            #expect(ledger.lines <= 2 + GateMachine.freeLines + seconds / 10)
            if gate.outcome?.isReady == true { ready += 1 } else { late += 1 }
        }
        #expect(ready > 200 && late > 200, "\(ready) ready, \(late) late: the histories are one-sided")
    }

    /// Events until the end; whatever is open may be answered at any time, or not at all.
    func play(_ gate: inout GateUnderTest, _ random: inout JitterSource, _ goodness: Double) throws -> Ledger {
        var ledger = Ledger()
        ledger.note(gate.begin())
        var steps = 0
        while ledger.finishes == 0 {
            steps += 1
            try #require(steps < 20_000, "it never ends")
            let due = gate.wakeTime - gate.now
            if let id = ledger.open.randomElementByOrder(random.next()), random.next() < 0.7 {
                // Before anything is due, mostly at once.
                let share = random.next() < 0.5 ? 0 : random.next()
                gate.advance(.nanoseconds(Int64(Double(max(0, due.nanoseconds)) * share)))
                ledger.open.remove(id)
                if random.next() < goodness {
                    ledger.note(gate.answer(id, gate.goodAnswer))
                } else {
                    let index = Int(random.next() * Double(Self.answers.count))
                    ledger.note(gate.end(id, Self.answers[index]))
                }
            } else {
                #expect(due >= .zero)
                ledger.note(gate.sleep())
            }
        }
        return ledger
    }
}

extension Set<Int> {
    /// Not of the set's own random order: a history can be repeated.
    fileprivate func randomElementByOrder(_ random: Double) -> Int? {
        isEmpty ? nil : sorted()[Int(random * Double(count))]
    }
}

extension GateUnderTest {
    var goodAnswer: GateAnswer {
        if case .manager = settings.source { return .ready("1") }
        let body =
            #"{"_links":{"pb:pacts":[{"name":"Shop","href":"http://b/pacts/provider/P/consumer/Shop/version/1"}]}}"#
        return GateAnswer(status: 200, headers: [:], body: Array(body.utf8))
    }
}
