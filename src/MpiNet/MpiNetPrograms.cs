using System.Reflection.Emit;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Interactive.Collectives.Mpi;
using MPI;

namespace Interactive.MpiNet;

/// <summary>
/// Lets programs that were written for MPI.NET run here unchanged. Its package asks for Windows' <c>msmpi.dll</c>,
/// whose binary interface MPICH shares, and sends objects by a formatter that .NET no longer has: they travel as JSON
/// instead.
/// </summary>
public static class MpiNetPrograms
{
    private const string Mpich = "libmpich.so.12";
    private static readonly Lazy<MpiLibrary> library = new(Load);
    private static int prepared;

    /// <summary>
    /// To be called before MPI.NET is first used. Scripts and cells of this project do so by themselves.
    /// </summary>
    public static void Prepare()
    {
        if (Interlocked.Exchange(ref prepared, 1) != 0) return;
        NativeLibrary.SetDllImportResolver(typeof(MPI.Environment).Assembly, (name, _, _) =>
        {
            if (!name.StartsWith("msmpi", StringComparison.Ordinal)) return 0;
            _ = library.Value;
            return NativeLibrary.Load(Mpich);
        });
        SendObjectsAsJson();
    }

    /// <summary>The library that MPI.NET is bound to.</summary>
    /// <exception cref="UsageException">It is not installed, or another MPI has started this process.</exception>
    internal static MpiLibrary Library => library.Value;

    private static MpiLibrary Load()
    {
        if (ClusterEnvironment.Read() is { Launcher: "mpirun of Open MPI" })
            throw new UsageException("MPI.NET runs over MPICH, and mpirun of Open MPI has started this process: use interactive launch --mpi mpich, or mpirun.mpich");
        var mpich = MpiLibrary.Load([Mpich]); // sets what .NET needs before the library's constructors run
        mpich.IgnoreFailureSignal();
        return mpich;
    }

    // Each communicator takes the serializer of this field when it is made. The field is read-only for C#, but not for
    // the runtime as long as nothing has been compiled against its value.
    private static void SendObjectsAsJson()
    {
        var field = typeof(BinaryFormatterSerializer).GetField(nameof(BinaryFormatterSerializer.Default))!;
        RuntimeHelpers.RunClassConstructor(field.DeclaringType!.TypeHandle);
        var set = new DynamicMethod("set", null, [field.FieldType], field.DeclaringType, skipVisibility: true);
        var code = set.GetILGenerator();
        code.Emit(OpCodes.Ldarg_0);
        code.Emit(OpCodes.Stsfld, field);
        code.Emit(OpCodes.Ret);
        set.CreateDelegate<Action<BinaryFormatterSerializer>>()(new JsonObjects());
    }
}
