/// Names as the Kubernetes API takes them (kubernetes.io, "Object Names and IDs").
package enum KubernetesName {
    /// A namespace's name, an RFC 1123 label: at most 63 lower-case letters, digits and `-`, none of these at the ends.
    package static func isLabel(_ text: String) -> Bool { text.utf8.count <= 63 && isPart(text[...]) }

    /// A ConfigMap's name, an RFC 1123 subdomain: parts like labels, with dots between, at most 253 in all.
    static func isSubdomain(_ text: String) -> Bool {
        text.utf8.count <= 253 && text.split(separator: ".", omittingEmptySubsequences: false).allSatisfy(isPart)
    }

    private static func isPart(_ text: Substring) -> Bool {
        guard let first = text.utf8.first, let last = text.utf8.last, first != 0x2D, last != 0x2D else { return false }
        return text.utf8.allSatisfy { (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2D }
    }
}
