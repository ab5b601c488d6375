import Shared
import TestSupport
import Testing

/// The built `manager doctor` on one set-up, in a directory of its own.
struct DoctorStage {
    /// What it said and left with.
    struct Report {
        let exit: TestChildProcess.Exit
        let lines: [DoctorLine]
        let output: String

        subscript(check: DoctorCheck) -> [DoctorLine] { lines.filter { $0.check == check } }

        /// The checks of the lines with that mark, each once, in order.
        func checks(_ mark: DoctorLine.Mark) -> [DoctorCheck] {
            var result: [DoctorCheck] = []
            for line in lines where line.mark == mark && !result.contains(line.check) { result.append(line.check) }
            return result
        }
    }

    let directory: TemporaryDirectory
    private let brokerURL: String?

    /// - Parameter brokerURL: `BROKER_URL` of every run that does not say otherwise.
    init(brokerURL: String? = nil) throws {
        self.brokerURL = brokerURL
        directory = try TemporaryDirectory()
        try directory.write("contracts/orders.json", PublisherOnce.contract)
    }

    /// What a manager would be started with; a test adds what is wrong.
    var variables: [String: String] {
        var variables = [
            "PATH": "/usr/bin:/bin", "GIT_COMMIT": "abc", "STATE_DIR": "\(directory.path)/state", "HEALTH_PORT": "0",
            "CONFIGMAP_PATH": "\(directory.path)/contracts",
        ]
        variables["BROKER_URL"] = brokerURL
        return variables
    }

    /// Runs it to its end.
    ///
    /// - Parameters:
    ///   - changes: On top of ``variables``; an empty value removes one.
    ///   - wrapper: A program and arguments that run the manager.
    func run(
        _ changes: [String: String] = [:],
        arguments: [String] = [],
        wrapper: [String] = []
    ) throws -> Report {
        let all = variables.merging(changes) { $1 }.filter { !$0.value.isEmpty }
        let command = wrapper + [try BuiltProducts.path("manager"), "doctor", "--json"] + arguments
        let process = try TestChildProcess(
            command[0],
            Array(command.dropFirst()),
            environment: all.map { "\($0.key)=\($0.value)" }
        )
        let (exit, output) = try process.wait(within: .seconds(60))
        let json = try JSONReader.parse(Array(output.utf8))
        let checks = try #require(json["checks"]?.array, "\(output)")
        let lines = checks.compactMap { DoctorLine($0) }
        #expect(lines.count == checks.count && json["version"]?.string == BuildVersion.number)
        // Code, verdict and lines are one.
        let isHealthy = !lines.contains { $0.mark == .wrong }
        #expect(json["healthy"]?.bool == isHealthy && exit == .code(isHealthy ? 0 : 1), "\(output)")
        for line in lines where line.mark != .good { #expect(!line.remedy.isEmpty, "\(line)") }
        return Report(exit: exit, lines: lines, output: output)
    }

    /// Runs it and expects these checks, and no others, to fail.
    @discardableResult
    func expect(
        _ failing: [DoctorCheck],
        odd: [DoctorCheck] = [],
        _ changes: [String: String] = [:],
        arguments: [String] = [],
        location: SourceLocation = #_sourceLocation
    ) throws -> Report {
        let report = try run(changes, arguments: arguments)
        #expect(report.checks(.wrong) == failing, "\(report.output)", sourceLocation: location)
        #expect(report.checks(.odd) == odd, "\(report.output)", sourceLocation: location)
        return report
    }
}
