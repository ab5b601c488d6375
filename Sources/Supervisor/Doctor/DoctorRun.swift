import Shared

/// All that `manager doctor` looks at, in the order it is shown.
enum DoctorRun {
    /// - Parameter timeout: For each worker, in seconds.
    static func lines(_ environment: ProcessEnvironment, timeout: Int) -> [DoctorLine] {
        var problem: SettingsError?
        let settings: Settings
        do throws(SettingsError) {
            settings = try read(environment, &problem)
        } catch {
            return error.doctorLines
        }
        let machine = MachineExamination.facts(settings)
        var lines = SettingsDiagnosis(environment: environment, settings: settings, error: problem).lines
        do throws(SupervisorSetup.Failure) {
            let directory = try SupervisorSetup.workerDirectory(settings)
            let plan = MemoryPlan(setting: settings.workerMemoryLimit, container: machine.memoryLimit)
            var findings: [DoctorLine] = [.good(.programsDirectory, "all in \(directory)")]
            // One after the other: beside a running manager there may be little memory left.
            for (worker, check, group) in workers {
                let answer = WorkerDoctor(
                    executable: "\(directory)/\(worker.rawValue)",
                    environment: variables(for: worker, environment, settings),
                    dataLimit: plan.limits[worker],
                    seconds: timeout
                )
                .run()
                findings += answer.lines(check, group: group)
            }
            lines += findings.filter { $0.check.group == "programs" } + findings.filter { $0.check.group != "programs" }
        } catch {
            lines.append(.wrong(.programsDirectory, OwnSentence(error.message)))
        }
        return lines + MachineDiagnosis(facts: machine).lines
    }

    private static let workers: [(WorkerName, DoctorCheck, String)] = [
        (.publisher, .programsPublisher, "broker"), (.watcher, .programsWatcher, "source"),
    ]

    /// What is wrong with a setting is one line; the rest is looked at with its default in its place.
    private static func read(
        _ environment: ProcessEnvironment,
        _ problem: inout SettingsError?
    ) throws(SettingsError) -> Settings {
        do throws(SettingsError) {
            return try Settings(environment: environment)
        } catch {
            problem = error
            return try Settings(environment: environment, reads: [])
        }
    }

    /// What a worker gets of a manager, without what makes it one of a run.
    private static func variables(
        for worker: WorkerName,
        _ environment: ProcessEnvironment,
        _ settings: Settings
    ) -> [String: String] {
        let full = WorkerEnvironment(
            base: environment,
            settings: settings,
            runID: "",
            stateDirectory: "",
            notifySocket: "",
            managerPID: 0
        )
        var variables = full.variables(for: worker, watchdogLimit: .zero, inheritsSocket: false)
        for name in WorkerEnvironment.replaced { variables[name] = nil }
        // Not secret, and the sign of a pod.
        variables["KUBERNETES_SERVICE_HOST"] = environment["KUBERNETES_SERVICE_HOST"]
        return variables
    }
}
