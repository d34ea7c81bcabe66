using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace EchoService.Transport.Fairness;

/// <summary>
/// Asks the processor to fetch memory that will be needed some microseconds later. A hint and nothing more: no address
/// is read, so a wrong or stale one does no harm. Does nothing on processors for which .NET has no such instruction.
/// </summary>
internal static class CacheHint
{
    private const int LineSize = 64;

    /// <summary>Fetches the lines from <paramref name="from"/> up to <paramref name="to"/>, in bytes from where <paramref name="instance"/> begins.</summary>
    public static unsafe void Fetch(object instance, int from, int to)
    {
        if (Sse.IsSupported)
        {
            // Unpinned: should the collector move it just now, then the hint is a wrong one.
            var address = *(byte**)Unsafe.AsPointer(ref instance);
            for (var offset = from; offset < to; offset += LineSize)
            {
                Sse.Prefetch0(address + offset);
            }
        }
    }

    /// <summary>Fetches the line in which <paramref name="location"/> lies.</summary>
    public static unsafe void Fetch(ref readonly byte location)
    {
        if (Sse.IsSupported)
        {
            Sse.Prefetch0(Unsafe.AsPointer(ref Unsafe.AsRef(in location)));
        }
    }
}
