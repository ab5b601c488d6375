import Shared
import Testing

@testable import Gate

/// The table of ``GateMachine``, its deadlines and its lines, on a clock of the test's own.
struct GateMachineTests {
    @Test func theFirstQuestionIsAnsweredAtOnceAndTheNextOneIsHeld() throws {
        var gate = try GateUnderTest(["Orders"])
        let first = gate.begin()
        #expect(first == [.ask(id: 1, path: "/providers/Orders/ready")])
        #expect(
            gate.answer(1, .notReady("pending", "1 of 2 contracts"))
                == [
                    .say("waiting for Orders: 1 of 2 contracts"),
                    .ask(id: 2, path: "/providers/Orders/ready?wait=10000ms"),
                ]
        )
        gate.advance(.milliseconds(3200))
        let end = gate.answer(2, .ready("main-abc"))
        #expect(end == [.say("Orders: ready after 3.2 s; starting stub"), .finish(ready: true)])
        #expect(gate.outcome?.environment.first == "PACT_CONTRACT_READY=1")
    }

    @Test func aHeldQuestionThatTimesOutIsAskedAgainWithoutAPauseAndWithoutALine() throws {
        var gate = try GateUnderTest(["Orders"])
        gate.begin()
        gate.answer(1, .notReady("pending", "soon"))
        for id in 2...9 {
            gate.advance(.seconds(10))
            #expect(gate.answer(id, .notReady("pending", "soon, \(id)")).map(\.isAsk) == [true], "\(id)")
        }
    }

    /// A manager that is stopping, or one without a place for a long-poll, answers at once.
    @Test func aManagerThatDoesNotHoldIsNotAskedInALoop() throws {
        var gate = try GateUnderTest(["Orders"])
        gate.begin()
        gate.answer(1, .notReady("stopping", "the manager stops"))
        var questions = 0
        var id = 2
        while gate.now < gate.start + .seconds(20) {
            let actions = gate.answer(id, .notReady("stopping", "the manager stops"))
            #expect(!actions.contains { $0.isAsk })
            let next = gate.sleep()
            guard case .ask(let number, _) = try #require(next.first { $0.isAsk }) else { return }
            id = number
            questions += 1
        }
        #expect((20...60).contains(questions), "\(questions) questions in 20 s")
    }

    @Test func refusedConnectionsAreRetriedMoreAndMoreSlowlyAndToldOnce() throws {
        var gate = try GateUnderTest(["Orders"], timeout: "60s")
        gate.begin()
        var lines: [String] = []
        var waits: [Duration] = []
        var id = 1
        while gate.outcome == nil {
            lines += gate.fail(id, .notReached("connection refused")).compactMap(\.line)
            let before = gate.now
            let actions = gate.sleep()
            lines += actions.compactMap(\.line)
            waits.append(gate.now - before)
            if case .ask(let number, let path)? = actions.first(where: \.isAsk) {
                #expect(!path.contains("wait="), "a manager that was not there is not asked to hold")
                id = number
            }
        }
        #expect(lines.count == 2, "\(lines)")
        #expect(lines.first == "waiting for Orders: manager:8081: connection refused")
        #expect(
            lines.last
                == "gave up after 60.0 s without Orders (manager:8081: connection refused); starting stub without "
                + "it, PACT_CONTRACT_READY=0"
        )
        #expect(waits[0] <= .milliseconds(100) && waits.allSatisfy { $0 <= .seconds(1) })
        #expect((60...130).contains(waits.count), "\(waits.count) questions in a minute")
        #expect(gate.outcome?.environment == ["PACT_CONTRACT_READY=0"])
    }

    @Test func everyChangeOfTheReasonIsToldUntilThereAreTooMany() throws {
        var gate = try GateUnderTest(["Orders"])
        gate.begin()
        #expect(gate.fail(1, .notReached("connection refused")).compactMap(\.line).count == 1)
        var lines = 0
        var id = 1
        while gate.now < gate.start + .seconds(80) {
            let actions = gate.sleep()
            guard case .ask(let number, _)? = actions.first(where: \.isAsk) else { continue }
            id = number
            lines += gate.fail(id, .notReached("reason \(id)")).compactMap(\.line).count
        }
        #expect((20...30).contains(lines), "\(lines) lines in 80 s")
    }

    @Test func nothingHeardForASecondIsToldToo() throws {
        var gate = try GateUnderTest(["Orders", "Bills"])
        gate.begin()
        #expect(gate.sleep() == [.say("waiting for Orders, Bills: manager:8081 has not answered yet")])
        #expect(gate.now == gate.start + .seconds(1))
        // 25 s: the question is given up, and asked again after a pause.
        let late = gate.sleep()
        #expect(late.prefix(1) == [.abandon(id: 1)] && gate.now == gate.start + .seconds(25))
        #expect(late.compactMap(\.line).first?.contains("takes the question") == true)
    }

    @Test func theDeadlineEndsWhateverIsGoingOn() throws {
        var gate = try GateUnderTest(["Orders"], timeout: "3s", policy: .fail)
        gate.begin()
        gate.answer(1, .notReady("pending", "soon"))
        let end = gate.sleep()
        #expect(gate.now == gate.start + .seconds(3))
        #expect(
            end == [
                .abandon(id: 2), .say("gave up after 3.0 s without Orders (soon); exit code 75"), .finish(ready: false),
            ]
        )
        // What comes later is for nobody.
        #expect(gate.answer(2, .ready("late")).isEmpty)
    }

    /// Without room to say it: held for longer than there is time.
    @Test func theManagerIsNeverAskedToHoldPastTheDeadline() throws {
        var gate = try GateUnderTest(["Orders"], timeout: "3s")
        gate.begin()
        gate.advance(.milliseconds(500))
        #expect(
            gate.answer(1, .notReady("pending", "soon")).last
                == .ask(id: 2, path: "/providers/Orders/ready?wait=2500ms")
        )
    }

    @Test func severalProvidersAreAllWaitedFor() throws {
        var gate = try GateUnderTest(["Orders", "Bills"], consumer: "Shop & Co")
        #expect(
            gate.begin() == [
                .ask(id: 1, path: "/providers/Orders/ready?consumer=Shop%20%26%20Co"),
                .ask(id: 2, path: "/providers/Bills/ready?consumer=Shop%20%26%20Co"),
            ]
        )
        #expect(gate.answer(2, .ready("2")).isEmpty)
        let end = gate.answer(1, .ready("1"))
        #expect(end.last == .finish(ready: true))
        #expect(gate.outcome?.contracts.map(\.provider) == ["Orders", "Bills"])
        #expect(gate.outcome?.environment.contains { $0.hasPrefix("PACT_CONTRACT_VERSION") } == false)
    }

    @Test func onlyWhatIsMissingIsNamedAtTheEnd() throws {
        var gate = try GateUnderTest(["Orders", "Bills"], timeout: "2s")
        gate.begin()
        gate.answer(1, .ready("1"))
        gate.answer(2, .notReady("failed", "the broker refuses it"))
        let line = gate.sleep().compactMap(\.line).first
        #expect(
            line == "gave up after 2.0 s without Bills (the broker refuses it); starting stub without it, "
                + "PACT_CONTRACT_READY=0"
        )
    }

    @Test func aSecondAnswerToOneQuestionDoesNotCount() throws {
        var gate = try GateUnderTest(["Orders"])
        gate.begin()
        gate.fail(1, .notReached("connection refused"))
        #expect(gate.answer(1, .ready("1")).isEmpty)
        #expect(gate.outcome == nil)
    }
}

/// Asking once, and asking the broker.
struct GateMachineSourceTests {
    @Test func aCheckAsksEachProviderOnce() throws {
        var gate = try GateUnderTest(["Orders", "Bills"], check: true)
        #expect(gate.begin().map(\.isAsk) == [true, true])
        #expect(gate.answer(1, .notReady("pending", "soon")).isEmpty)
        let end = gate.answer(2, .ready("2"))
        #expect(end == [.say("not ready: Orders (soon)"), .finish(ready: false)])
        #expect(gate.outcome?.step(gate.settings) == .leave(.notReady))
    }

    @Test func aCheckThatIsReadyLeavesWithZero() throws {
        var gate = try GateUnderTest(["Orders"], check: true)
        gate.begin()
        #expect(gate.answer(1, .ready("1")) == [.say("Orders: ready"), .finish(ready: true)])
        #expect(gate.outcome?.step(gate.settings) == .leave(.ready))
    }

    @Test func aCheckEndsAfterTwoSecondsWithoutAnAnswer() throws {
        var gate = try GateUnderTest(["Orders"], check: true)
        gate.begin()
        let end = gate.sleep()
        #expect(gate.now == gate.start + .seconds(2))
        #expect(end.compactMap(\.line) == ["not ready: Orders (manager:8081 has not answered)"])
    }

    @Test func theBrokerIsAskedUntilItHasTheContract() throws {
        var gate = try GateUnderTest(["Orders"], broker: "http://broker:9292/base")
        #expect(gate.begin() == [.ask(id: 1, path: "/base/pacts/provider/Orders/latest")])
        let first = gate.answer(1, GateAnswer(status: 404, headers: [:], body: []))
        #expect(first == [.say("waiting for Orders: the broker has no contract of 'Orders' yet")])
        #expect(gate.sleep() == [.ask(id: 2, path: "/base/pacts/provider/Orders/latest")])
        #expect(gate.now - gate.start <= .milliseconds(100))
    }

    @Test func aServerThatWantsToBeLeftAloneIsForAWhile() throws {
        var gate = try GateUnderTest(["Orders"], broker: "http://broker:9292")
        gate.begin()
        gate.answer(1, GateAnswer(status: 429, headers: ["retry-after": "2"], body: []))
        gate.sleep()
        #expect(gate.now - gate.start == .seconds(2))
        gate.answer(2, GateAnswer(status: 503, headers: ["retry-after": "3600"], body: []))
        gate.sleep()
        #expect(gate.now - gate.start == .seconds(7))
    }
}
