using Interactive.Kernel.Scripting;

namespace Interactive.Kernel.Fuzzing.Targets;

/// <summary>What a restore has written about packages; one that is damaged counts as none.</summary>
internal sealed class PackagesTarget : IFuzzTarget
{
    public string Name => "packages";

    public string Write(string folder)
    {
        var path = Path.Combine(folder, "project.assets.json");
        var dll = Path.Combine(Directory.CreateDirectory(Path.Combine(folder, "p", "1.0.0", "lib")).FullName, "P.dll");
        File.WriteAllText(dll, "");
        File.WriteAllText(path, $$$"""
            { "version": 3, "targets": { "net{{{Environment.Version.Major}}}.0/linux-x64": { "P/1.0.0": { "type": "package", "compile": { "lib/P.dll": {} }, "runtime": { "lib/P.dll": {} } } } },
              "libraries": { "P/1.0.0": { "type": "package", "path": "p/1.0.0" } }, "packageFolders": { "{{{folder}}}/": {} }, "logs": [] }
            """);
        return path;
    }

    public void Read(string path) => PackageResolver.Read(path);
}
