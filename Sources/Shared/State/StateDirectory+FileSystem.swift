internal import CLinux
internal import Glibc

extension StateDirectory {
    /// File systems that the kernel makes up, by `f_type` of statfs(2) (linux/magic.h): root passes every check of
    /// permissions there, and nothing can be kept.
    private static let kernelsOwn: [Int64: String] = [
        0x9FA0: "proc", 0x6265_6572: "sysfs", 0x0027_E0EB: "cgroup", 0x6367_7270: "cgroup2", 0x6462_6720: "debugfs",
        0x7472_6163: "tracefs", 0x7363_6673: "securityfs", 0xCAFE_4A11: "bpf", 0x1CD1: "devpts",
        0x1980_0202: "mqueue", 0x6265_6570: "configfs", 0x6573_5543: "fusectl", 0xDE5E_81E4: "efivarfs",
        0x6165_676C: "pstore", 0x4249_4E4D: "binfmt_misc", 0xF97C_FF8C: "selinuxfs", 0x6E73_6673: "nsfs",
        0x9584_58F6: "hugetlbfs",
    ]

    /// Looks at the directory, or at the nearest one above it where it is still to be made.
    ///
    /// - Throws: `directoryRefused` where the kernel keeps nothing.
    static func refuseKernelsOwn(_ path: String) throws(StateError) {
        var place = path
        var type = clinux_file_system_type(place)
        while type == -Int64(ENOENT), place != "/" {
            place = parent(of: place)
            type = clinux_file_system_type(place)
        }
        guard let name = kernelsOwn[type] else { return }
        throw .directoryRefused(path: path, reason: "\(place) is \(name), the kernel's own, which keeps no files")
    }
}
