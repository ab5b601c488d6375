import Shared
import TestSupport
import Testing

@testable import Watcher

@Suite("subPath mounts are recognised by the mount table")
struct MountTableTests {
    private static let kubelet = "/var/lib/kubelet/pods/1b3/volumes/kubernetes.io~configmap/pact-contracts"
    private static let generation = "..2026_11_23_01_00_45.2219205801"

    /// - Returns: A line of mountinfo as the kernel writes it.
    private func line(_ root: String, _ point: String) -> String {
        "42 27 254:0 \(root) \(point) ro,relatime shared:7 - ext4 /dev/vda rw,discard"
    }

    @Test("A whole volume is no subPath mount")
    func whole() {
        let table = MountTable(parsing: line(Self.kubelet, "/pact-contracts"))
        #expect(table.mounts.count == 1)
        #expect(table.subPathMounts(at: "/pact-contracts").isEmpty)
    }

    @Test(
        "A mount of a generation's file or directory is found at the path and directly below it, before and after an update",
        arguments: [
            ("\(kubelet)/\(generation)/a.json", "/pact-contracts"),
            ("\(kubelet)/\(generation)/a.json//deleted", "/pact-contracts/a.json"),
            ("\(kubelet)/\(generation)/sub", "/pact-contracts"),
            ("/\(generation)/a.json", "/pact-contracts/a.json"),
        ]
    )
    func subPath(root: String, point: String) {
        let table = MountTable(parsing: line("/", "/") + "\n" + line(root, point) + "\n")
        #expect(table.subPathMounts(at: "/pact-contracts").map(\.point) == [point])
        #expect(table.subPathMounts(at: "/pact").isEmpty)
        #expect(table.subPathMounts(at: "/other").isEmpty)
    }

    @Test("The line of a real subPath mount is recognised")
    func transcript() throws {
        let text = try RepositoryFile.text("Tests/Fixtures/inotify/08-subpath.txt")
        let mountinfo = try #require(text.split(separator: "\n").first { $0.hasPrefix("mountinfo: ") })
        let table = MountTable(parsing: String(mountinfo.dropFirst("mountinfo: ".count)))
        #expect(
            table.subPathMounts(at: "./sub.json").map(\.root) == [
                "./m/..2026_11_23_01_00_45.2219205801/a.json//deleted"
            ]
        )
    }

    @Test("Escaped spaces are decoded; lines of another form are passed over")
    func odd() {
        let table = MountTable(
            parsing: "nonsense\n\n1 2 3:4 /a\\040b/\(Self.generation)/x /mnt/c\\134d\\011e ro\n1 2 3:4 /\\0"
        )
        #expect(table.mounts == [.init(root: "/a b/\(Self.generation)/x", point: "/mnt/c\\d\te")])
    }

    @Test(
        "Only names of the kubelet's form are generations",
        arguments: [
            ("..2026_11_23_00_17_26.3381235854", true), ("..2026_11_23_00_17_26.", false),
            ("..2026_11_23_00_17_26.33x", false), (".2026_11_23_00_17_26.3381235854", false), ("..data", false),
            ("..2026-11-23_00_17_26.1", false), ("", false),
        ]
    )
    func generations(name: String, isOne: Bool) {
        #expect(MountTable.isGeneration(Array(name.utf8)) == isOne)
    }
}
