import Glibc
import Shared
import Testing

@testable import Supervisor

/// What `doctor` makes of a worker that answers, and of one that does not.
@Suite struct WorkerAnswerTests {
    private static let good = #"{"id":"broker.tcp","status":"ok","found":"answers"}"# + "\n"
    private static let end = #"{"complete":true}"# + "\n"

    private func lines(_ output: String, _ end: WorkerDoctor.End) -> [DoctorLine] {
        WorkerDoctor.Answer(output: Array(output.utf8), end: end).lines(.programsPublisher, group: "broker")
    }

    @Test(arguments: [0, 1] as [Int32])
    func aWorkerThatCameToItsEndIsBelieved(code: Int32) {
        let found = lines(Self.good + Self.end, .code(code))
        #expect(found == [.good(.programsPublisher, "ran to its end"), .good(.brokerTCP, "answers")])
    }

    /// What it said before counts all the same.
    @Test(
        arguments: [
            (Self.good, .code(1), "left with code 1 before its end"),
            ("", .code(0), "left with code 0 before its end"),
            (Self.good, .signal(SIGSEGV), "it died of SIGSEGV"),
            (Self.good, .tooLate(7), "not done after 7 s"),
            (Self.good + "{", .tooMuch, "more than results can be"),
            (Self.good, .notStarted("execve: no"), "cannot be started: execve: no"),
            (Self.good + "garbage\n" + Self.end, .code(0), "line 2 of what it said is no result"),
            (Self.good + #"{"id":"source.mount","status":"ok","found":""}"# + "\n" + Self.end, .code(0), "line 2 of"),
            (Self.end + Self.good, .code(0), "line 2 of"),
            ("\u{0}\u{FF}\n" + Self.good + Self.end, .code(0), "line 1 of"),
        ] as [(String, WorkerDoctor.End, String)]
    )
    func anyOtherEndIsAFailure(output: String, end: WorkerDoctor.End, says: String) {
        let found = lines(output, end)
        #expect(found.first?.check == .programsPublisher && found.first?.mark == .wrong)
        #expect(found.first?.found.contains(says) == true, "\(found)")
        #expect(found.first?.remedy.isEmpty == false)
        #expect(found.dropFirst().allSatisfy { $0 == .good(.brokerTCP, "answers") })
        // Nobody has checked it for secrets.
        #expect(!found.contains { $0.found.contains("garbage") })
    }

    @Test func whatItSaysOfSettingsHasBeenSaidBefore() {
        let setting = #"{"id":"settings.values","status":"fail","found":"BROKER_URL","remedy":""}"# + "\n"
        #expect(lines(setting + Self.end, .code(1)) == [.good(.programsPublisher, "ran to its end")])
    }
}
