/// A message of our own that names the trouble and, behind its last semicolon, the way out.
///
/// What follows is shown as our advice, which people copy into a shell. So nothing that a server has said may stand in
/// it; names of files may, but not behind that semicolon.
package struct OwnSentence: Equatable, Sendable {
    /// Without the way out.
    package let trouble: String
    /// `nil`: it names none.
    package let wayOut: String?

    package init(_ text: String) {
        let parts = text.split(separator: "; ", omittingEmptySubsequences: false)
        trouble = parts.count < 2 ? text : parts.dropLast().joined(separator: "; ")
        wayOut = parts.count < 2 ? nil : parts.last.map(String.init)
    }
}
