import Shared
import SharedHTTP

/// `publisher --doctor`: looks at the broker and the way there, and leaves. Touches no state, lock or port.
enum DoctorRun {
    /// - Parameter json: One line of JSON for each result, for the manager.
    static func run(json: Bool) -> Never {
        let environment = ProcessEnvironment.current()
        let settings: Settings
        switch DoctorWorker.start(environment, reads: PublisherRun.settings) {
        case .refused(let lines): DoctorWorker.finish(lines, json: json)
        case .settings(let read): settings = read
        }
        do throws(TransportError) {
            let facts = try BrokerExamination(settings: settings, environment: environment).facts()
            DoctorWorker.finish(BrokerDiagnosis(facts: facts).lines, json: json)
        } catch {
            DoctorWorker.finish([.wrong(.brokerURL, "cannot be asked: \(error)")], json: json)
        }
    }
}
