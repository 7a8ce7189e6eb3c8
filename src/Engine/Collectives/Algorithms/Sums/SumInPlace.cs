using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Interactive.Collectives.Algorithms;

/// <summary>
/// The sum of two or four terms in the canonical order (<see cref="TreeSum"/>), written over each of them: one pass, in
/// which every cache line is read and written once. Terms on pages of their own are fetched ahead, since a processor
/// does not do so beyond the end of a page.
/// </summary>
internal static unsafe class SumInPlace
{
    /// <summary>Floats of one step; counts are multiples of it.</summary>
    public const int Step = 16;

    const int Ahead = 512; // 2 KB; 1 and 4 KB are about as good

    /// <summary>Whether so many terms are added here.</summary>
    public static bool Takes(int terms) => terms is 2 or 4;

    /// <summary>Adds, for <see cref="Takes"/> terms.</summary>
    public static void Add(float** terms, int count, long floats)
    {
        if (count == 2) Two(terms[0], terms[1], floats);
        else Four(terms[0], terms[1], terms[2], terms[3], floats);
    }

    static void Two(float* a, float* b, long floats)
    {
        for (long at = 0; at < floats; at += Step)
        {
            Prefetch(a + at + Ahead);
            Prefetch(b + at + Ahead);
            var sum = Vector512.Load(a + at) + Vector512.Load(b + at);
            sum.Store(a + at);
            sum.Store(b + at);
        }
    }

    static void Four(float* a, float* b, float* c, float* d, long floats)
    {
        for (long at = 0; at < floats; at += Step)
        {
            Prefetch(a + at + Ahead);
            Prefetch(b + at + Ahead);
            Prefetch(c + at + Ahead);
            Prefetch(d + at + Ahead);
            var sum = Vector512.Load(a + at) + Vector512.Load(b + at)
                + (Vector512.Load(c + at) + Vector512.Load(d + at));
            sum.Store(a + at);
            sum.Store(b + at);
            sum.Store(c + at);
            sum.Store(d + at);
        }
    }

    static void Prefetch(float* address)
    {
        if (Sse.IsSupported) Sse.Prefetch0(address);
    }
}
