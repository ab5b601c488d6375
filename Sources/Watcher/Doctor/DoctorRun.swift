import Shared
import SharedHTTP

/// `watcher --doctor`: looks at the contracts and the way to them, and leaves. Touches no state, lock or port.
enum DoctorRun {
    /// - Parameter json: One line of JSON for each result, for the manager.
    static func run(json: Bool) -> Never {
        let environment = ProcessEnvironment.current()
        switch DoctorWorker.start(environment, reads: WatcherCommand.settings) {
        case .refused(let lines): DoctorWorker.finish(lines, json: json)
        case .settings(let settings):
            do throws(TransportError) {
                let facts = try SourceExamination(settings: settings, environment: environment).facts()
                DoctorWorker.finish(SourceDiagnosis(facts: facts).lines, json: json)
            } catch {
                DoctorWorker.finish([.wrong(.sourceOrigin, "cannot be asked: \(error)")], json: json)
            }
        }
    }
}
