using System.Text;
using Interactive.Runtime;

namespace Interactive.Kernel.Scripting;

/// <summary>
/// Compiled scripts, one file each, so that a script starts without the compiler. An entry is found by the script's
/// path and text, the build of the host and the configuration, and counts only while every file it was made of is
/// unchanged, and when it is this user's own and whole: its content has a checksum. Processes may read and write at
/// once: a file appears whole or not at all.
/// </summary>
internal sealed class ScriptCache
{
    private const int Format = 4, ChecksumLength = 16;
    private readonly string key, file;

    /// <summary>An environment variable: set for the ranks of a job, which all run what is in the cache.</summary>
    public const string RankVariable = "INTERACTIVE_LAUNCHED";

    public ScriptCache(string code, string path, bool release)
    {
        var host = typeof(ScriptCache).Module.ModuleVersionId;
        key = $"{Format}\0{Hash(host.ToByteArray())}\0{Environment.Version}\0{release}\0{path}\0{code}";
        file = Path.Combine(CacheFolder.Find(), "scripts", Hash(Encoding.UTF8.GetBytes(key)));
    }

    /// <summary>The entry, or null when there is none that still holds.</summary>
    public CompiledScript? Read()
    {
        try
        {
            if (!FileOwner.IsOurs(Path.GetDirectoryName(file)!) || !FileOwner.IsOurs(file)) return null;
            var all = File.ReadAllBytes(file);
            if (all.Length < ChecksumLength
                || Encoding.ASCII.GetString(all, 0, ChecksumLength) != Hash(all.AsSpan(ChecksumLength))) return null;
            using var reader = new BinaryReader(new MemoryStream(all, ChecksumLength, all.Length - ChecksumLength));
            if (reader.ReadString() != key) return null; // another script of the same hash
            // The sources may have a newer version. Ranks take what their launcher has compiled: all of them the same.
            if (reader.ReadBoolean() && Environment.GetEnvironmentVariable(RankVariable) is not { Length: > 0 })
                return null;
            for (var left = reader.ReadInt32(); left > 0; left--)
                if (reader.ReadString() is var name && Stamp(name) != reader.ReadString()) return null;
            var assemblies = ReadStrings(reader);
            var native = ReadStrings(reader);
            var submission = new Submission(reader.ReadBytes(reader.ReadInt32()), reader.ReadBytes(reader.ReadInt32()),
                reader.ReadInt32(), reader.ReadBoolean());
            return new(submission, [], assemblies, native);
        }
        // damaged: made anew
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException) { return null; }
    }

    /// <summary>Keeps an entry. A cache that cannot be written is no error.</summary>
    public void Write(CompiledScript script)
    {
        try
        {
            var content = new MemoryStream();
            using (var writer = new BinaryWriter(content, Encoding.UTF8, leaveOpen: true))
            {
                var made = script.Dependencies.Concat(script.Assemblies).Concat(script.Native).Distinct().ToList();
                writer.Write(key);
                writer.Write(script.IsFloating);
                writer.Write(made.Count);
                foreach (var name in made) { writer.Write(name); writer.Write(Stamp(name)); }
                WriteStrings(writer, script.Assemblies);
                WriteStrings(writer, script.Native);
                var submission = script.Submission;
                writer.Write(submission.Image.Length); writer.Write(submission.Image);
                writer.Write(submission.Symbols.Length); writer.Write(submission.Symbols);
                writer.Write(submission.Factory); writer.Write(submission.HasValue);
            }
            if (!FileOwner.MakePrivate(Path.GetDirectoryName(file)!)) return;
            var temporary = $"{file}.{Environment.ProcessId}.tmp";
            using (var stream = new FileStream(temporary,
                new FileStreamOptions
                {
                    Mode = FileMode.Create,
                    Access = FileAccess.Write,
                    UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
                }))
            {
                var bytes = content.GetBuffer().AsSpan(0, (int)content.Length);
                stream.Write(Encoding.ASCII.GetBytes(Hash(bytes)));
                stream.Write(bytes);
                stream.Flush(flushToDisk: true);
            }
            File.Move(temporary, file, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException) { }
    }

    // Sources by content; assemblies, which may be large, by length and time.
    private static string Stamp(string path)
    {
        var info = new FileInfo(path);
        if (!info.Exists) return "missing";
        return info.Extension is ".dll" or ".so" || info.Length > 1 << 20
            ? $"{info.Length} {info.LastWriteTimeUtc.Ticks}" : $"{info.Length} {Hash(File.ReadAllBytes(path))}";
    }

    // FNV-1a. A cryptographic one would load OpenSSL, which takes a third of the time that a cached script starts in.
    private static string Hash(ReadOnlySpan<byte> data)
    {
        var hash = 14695981039346656037;
        foreach (var value in data) hash = (hash ^ value) * 1099511628211;
        return hash.ToString("x16");
    }

    private static List<string> ReadStrings(BinaryReader reader)
    {
        var strings = new List<string>();
        for (var left = reader.ReadInt32(); left > 0; left--) strings.Add(reader.ReadString());
        return strings;
    }

    private static void WriteStrings(BinaryWriter writer, IReadOnlyList<string> strings)
    {
        writer.Write(strings.Count);
        foreach (var text in strings) writer.Write(text);
    }
}
