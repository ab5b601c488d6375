/// Something odd in a JSON text that does not stop it from being read.
package struct JSONNotice: Equatable, Sendable, CustomStringConvertible {
    /// What is odd.
    package enum Kind: Equatable, Sendable {
        /// The text has comments, which JSON does not know but the Pact Broker accepts. Reported once.
        case comment
        /// An object has this key more than once; the last value counts.
        case duplicateKey(String)
    }

    package var kind: Kind
    /// The first comment, or the later one of the two equal keys.
    package var position: TextPosition

    package var description: String {
        switch kind {
        case .comment: "has comments, which JSON does not allow (\(position))"
        case .duplicateKey(let key): "key \"\(key)\" stands twice in one object, the last value counts (\(position))"
        }
    }
}
