/// How results are printed: for people, as one document, or one by one for the manager that has started us.
package enum DoctorOutput {
    /// What a worker says last: without it, it did not come to its end.
    package static let end: JSONValue = ["complete": true]

    /// One JSON value on a line of its own, as a worker tells its manager.
    package static func line(_ json: JSONValue) -> String {
        String(decoding: JSONWriter.compact(json), as: UTF8.self) + "\n"
    }

    /// In groups, with the remedy below, and a count at the end.
    package static func text(_ lines: [DoctorLine]) -> String {
        let width = lines.map(\.check.rawValue.count).max() ?? 0
        var result = ""
        var heading = ""
        for line in lines {
            if line.check.heading != heading {
                result += (heading.isEmpty ? "" : "\n") + line.check.heading + "\n"
                heading = line.check.heading
            }
            result += "  \(padded(line.mark.rawValue, 4))  \(padded(line.check.rawValue, width))  "
            result += TextTable.escaped(line.found) + "\n"
            if !line.remedy.isEmpty {
                result += String(repeating: " ", count: width + 10) + "→ \(TextTable.escaped(line.remedy))\n"
            }
        }
        let counts = DoctorLine.Mark.allCases.map { mark in "\(lines.filter { $0.mark == mark }.count) \(mark.rawValue)"
        }
        return result + "\n" + counts.joined(separator: ", ") + "\n"
    }

    /// One document: `{"version": …, "healthy": …, "checks": […]}`.
    package static func document(_ lines: [DoctorLine]) -> String {
        var object = JSONObject()
        object["version"] = .string(BuildVersion.number)
        object["healthy"] = .bool(isHealthy(lines))
        object["checks"] = .array(lines.map(\.json))
        return String(decoding: JSONWriter.pretty(.object(object)), as: UTF8.self)
    }

    /// Nothing failed.
    package static func isHealthy(_ lines: [DoctorLine]) -> Bool { !lines.contains { $0.mark == .wrong } }

    private static func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }
}
