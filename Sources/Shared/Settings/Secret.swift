/// A secret value that cannot be printed by accident.
package struct Secret: Sendable, Equatable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The secret itself. Never to be logged, shown, stored in the state or put on a command line.
    package var value: String
    /// The file it came from, to be read again when it changes.
    package var file: String?
    /// Set by the user, not our default.
    package var isExplicit: Bool

    package init(value: String, file: String?, isExplicit: Bool) {
        self.value = value
        self.file = file
        self.isExplicit = isExplicit
    }

    package var description: String { "(secret)" }
    package var debugDescription: String { "(secret)" }
    package var customMirror: Mirror { Mirror(self, children: []) }

    /// The secret in a file: white space at its end is not part of it (an editor's newline).
    package static func text(ofFile bytes: [UInt8]) -> String {
        var bytes = bytes[...]
        while let last = bytes.last, last == 0x0A || last == 0x0D || last == 0x20 || last == 0x09 { bytes.removeLast() }
        return String(decoding: bytes, as: UTF8.self)
    }
}
