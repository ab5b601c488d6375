internal import Glibc

/// The environment as it was when the process started.
package struct ProcessEnvironment: Sendable {
    /// Names and values; a name that occurs twice keeps its first value, as getenv(3) does.
    package var variables: [String: String]

    package init(_ variables: [String: String]) {
        self.variables = variables
    }

    /// Reads `environ` once.
    package static func current() -> ProcessEnvironment {
        var variables: [String: String] = [:]
        var entry = environ
        while let text = entry.pointee {
            let line = String(cString: text)
            if let equals = line.firstIndex(of: "="), equals != line.startIndex {
                let name = String(line[..<equals])
                if variables[name] == nil { variables[name] = String(line[line.index(after: equals)...]) }
            }
            entry += 1
        }
        return ProcessEnvironment(variables)
    }

    package subscript(name: String) -> String? { variables[name] }
}

/// The variables that only our own processes set for each other.
package enum InternalVariable {
    /// Identifies one run of the manager; every section of the state carries it.
    package static let runID = "MANAGER_RUN_ID"
    /// The resolved state directory, without a further `<uid>` step.
    package static let stateDirectory = "MANAGER_STATE_DIR"
    /// The supervisor's process id, for the check after exec that it still lives.
    package static let managerPID = "MANAGER_PID"
}
