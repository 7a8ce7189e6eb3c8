using System.Text.RegularExpressions;
using Interactive.Collectives.Mpi;

namespace Interactive.Kernel.Scripting;

/// <summary>Whether code is a program for MPI.NET, which speaks to MPICH alone.</summary>
internal static partial class MpiNetUse
{
    /// <summary>
    /// MPICH for code that refers to MPI.NET's package; null, which is for the launcher to choose, for other code.
    /// </summary>
    public static MpiFlavor? FlavorFor(params IEnumerable<string> code)
        => code.Any(c => Reference().IsMatch(c)) ? MpiFlavor.Mpich : null;

    [GeneratedRegex("""^\s*#r\s+"nuget:\s*MPI\.NET\s*[,"]""", RegexOptions.Multiline | RegexOptions.IgnoreCase)]
    private static partial Regex Reference();
}
