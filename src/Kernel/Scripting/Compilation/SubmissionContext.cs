using System.Reflection;
using System.Runtime.InteropServices;
using System.Runtime.Loader;
using Interactive.Runtime;

namespace Interactive.Kernel.Scripting;

/// <summary>
/// Where submissions and what they refer to are loaded. The host's own copy of an assembly is used when it is as new as
/// the one asked for. Not collectible: what later cells can name is alive anyhow, and assemblies that are emitted at run
/// time, as serialisers and mocks do, may not refer to collectible types.
/// </summary>
internal sealed class SubmissionContext : AssemblyLoadContext
{
    private static readonly Lazy<Dictionary<string,
        string>> ofHost = new(()
        => ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator)
        .GroupBy(Path.GetFileNameWithoutExtension).ToDictionary(g => g.Key!, g => g.First(),
        StringComparer.OrdinalIgnoreCase));

    private readonly Dictionary<string, string> managed = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<string, Assembly> submissions = [];
    private readonly List<string> native = [], folders = [];

    public SubmissionContext() : base("scripts") => FirstSeed.Arrange();

    /// <summary>
    /// Lets the context find an assembly by its file, the first one of a name, and what lies beside it and is asked for
    /// by it.
    /// </summary>
    public void AddAssembly(string path)
    {
        lock (managed)
        {
            managed.TryAdd(Path.GetFileNameWithoutExtension(path), path);
            if (Path.GetDirectoryName(path) is { } folder && !folders.Contains(folder)) folders.Add(folder);
        }
    }

    /// <summary>Lets code of this context find a native library by name.</summary>
    public void AddNative(string path)
    {
        lock (managed) if (!native.Contains(path)) native.Add(path);
    }

    /// <summary>Loads a submission.</summary>
    /// <param name="isPassing">True when no later submission can refer to it: it is not kept.</param>
    public Assembly Load(byte[] image, byte[] symbols, bool isPassing)
    {
        if (isPassing) return new PassingContext(this).LoadFromStream(new MemoryStream(image), new MemoryStream(symbols));
        var assembly = LoadFromStream(new MemoryStream(image), new MemoryStream(symbols));
        lock (managed) submissions[assembly.GetName().Name!] = assembly;
        return assembly;
    }

    protected override Assembly? Load(AssemblyName name)
    {
        string? path;
        lock (managed)
        {
            if (submissions.TryGetValue(name.Name!, out var submission)) return submission;
            if (!managed.TryGetValue(name.Name!, out path) && !ofHost.Value.ContainsKey(name.Name!))
                path = folders.Select(folder => Path.Combine(folder, name.Name + ".dll")).FirstOrDefault(File.Exists);
        }
        // The native libraries must be there before TorchSharp looks for them.
        if (name.Name is "TorchSharp" or "Interactive.Engine") TorchLoader.Register();
        if (name.Name is "MPI" or "Interactive.MpiNet") MpiNet.MpiNetPrograms.Prepare();
        if (path is null) return null;
        if (ofHost.Value.TryGetValue(name.Name!, out var host)
            && (name.Name == "TorchSharp"
            || AssemblyName.GetAssemblyName(host).Version >= AssemblyName.GetAssemblyName(path).Version)) return null;
        return LoadFromAssemblyPath(path);
    }

    protected override nint LoadUnmanagedDll(string name) => FindNative(name);

    /// <summary>A native library of a package, or 0.</summary>
    public nint FindNative(string name)
    {
        List<string> files;
        string[] names = [name, name + ".so", $"lib{name}.so", $"lib{name}"];
        string? file;
        lock (managed)
        {
            files = [.. native];
            file = files.FirstOrDefault(f => names.Contains(Path.GetFileName(f)))
                ?? folders.SelectMany(folder => names.Select(n => Path.Combine(folder, n))).FirstOrDefault(File.Exists);
        }
        if (file is null) return 0;
        if (NativeLibrary.TryLoad(file, out var handle)) return handle;
        // It may need siblings of its package that the system's loader does not find: load those first, by path.
        foreach (var sibling in files.Where(f => f != file && Path.GetDirectoryName(f) == Path.GetDirectoryName(file)))
            NativeLibrary.TryLoad(sibling, out _);
        return LoadUnmanagedDllFromPath(file);
    }
}
