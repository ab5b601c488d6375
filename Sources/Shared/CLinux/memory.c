#define _GNU_SOURCE
#include "CLinux.h"

#include <fcntl.h>
#include <link.h>
#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

// What the kernel tells of a page (Documentation/admin-guide/mm/pagemap.rst): in memory, swapped out, of a file.
static const uint64_t page_is_present = 1ULL << 63, page_is_swapped = 1ULL << 62, page_is_of_a_file = 1ULL << 61;

enum { pages_at_a_time = 512 };

// A page that was written to is our own: relocated text, a breakpoint, a hook, a file's text that something preloaded has
// moved into huge pages. Giving it back would bring the file's bytes again, or zeros.
static int is_our_own(uint64_t entry) {
    return (entry & page_is_swapped) || ((entry & page_is_present) && !(entry & page_is_of_a_file));
}

// Unmaps the pages from start to end but those that are our own: they are the file's, and come back by themselves. Where the
// kernel does not tell, nothing.
static void release_clean_pages(int pagemap, uintptr_t start, uintptr_t end, uintptr_t page) {
    uint64_t entries[pages_at_a_time];
    while (start < end) {
        size_t wanted = (end - start) / page;
        if (wanted > pages_at_a_time) wanted = pages_at_a_time;
        ssize_t got = pread(pagemap, entries, wanted * sizeof *entries, (off_t)(start / page * sizeof *entries));
        if (got != (ssize_t)(wanted * sizeof *entries)) return;
        for (size_t i = 0; i < wanted;) {
            size_t first = i;
            while (i < wanted && !is_our_own(entries[i])) i++;
            // What the kernel maps itself (the vDSO) it refuses to give up.
            if (first < i) madvise((void *)(start + first * page), (i - first) * page, MADV_DONTNEED);
            while (i < wanted && is_our_own(entries[i])) i++;
        }
        start += wanted * page;
    }
}

// The segments of one object that are not for writing. Relocated data lies in those that are (PF_W), also where they were
// made read-only afterwards.
static int release_segments(struct dl_phdr_info *info, size_t size, void *context) {
    (void)size;
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
        if (segment->p_type != PT_LOAD || (segment->p_flags & PF_W)) continue;
        uintptr_t start = (info->dlpi_addr + segment->p_vaddr + page - 1) & ~(page - 1);
        uintptr_t end = (info->dlpi_addr + segment->p_vaddr + segment->p_memsz) & ~(page - 1);
        if (start < end) release_clean_pages(*(const int *)context, start, end, page);
    }
    return 0;
}

void clinux_release_start_memory(void) {
    malloc_trim(0);
    int pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
    if (pagemap < 0) return;
    dl_iterate_phdr(release_segments, &pagemap);
    close(pagemap);
}
