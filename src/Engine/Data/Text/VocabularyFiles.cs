using System.Text.Json;

namespace Interactive.Data;

/// <summary>
/// Reads GPT-2's <c>vocab.json</c> and <c>merges.txt</c>, in which each byte is written as one visible character:
/// itself where it is visible, else U+0100 and on.
/// </summary>
internal static class VocabularyFiles
{
    /// <summary>The bytes of the tokens by number, and the tokens behind them that are no bytes of a text.</summary>
    public static (List<byte[]> Tokens, string[] Special) Read(string vocabulary, string merges)
    {
        foreach (var path in (string[])[vocabulary, merges])
            if (!File.Exists(path)) throw new UsageException($"{path}: there is no such file (a tokenizer folder holds vocab.json and merges.txt)");
        var byNumber = Numbers(vocabulary);
        var joins = File.ReadLines(merges).Where(line => line.Length > 0 && !line.StartsWith("#version")).ToArray();
        var known = 256 + joins.Length;
        if (byNumber.Length < known)
            throw new UsageException($"{vocabulary} has {byNumber.Length} tokens, {merges} needs {known}");
        for (var i = 0; i < joins.Length; i++)
            if (joins[i].Replace(" ", "") != byNumber[256 + i])
                throw new UsageException($"{vocabulary}: token {256 + i} is '{byNumber[256 + i]}', but join {i + 1} of {merges} is '{joins[i]}': the numbers must follow the joins, as GPT-2's do");
        var bytes = Bytes();
        foreach (var token in byNumber[..256])
            if (token.Length != 1) throw new UsageException($"{vocabulary}: '{token}' is among the tokens 0 to 255, which are the 256 bytes");
        return ([.. byNumber[..known].Select(ToBytes)], byNumber[known..]);

        byte[] ToBytes(string token)
            => [.. token.Select(c => bytes.TryGetValue(c, out var b) ? b
            : throw new UsageException($"{vocabulary}: '{token}' is not written in GPT-2's bytes ('{c}')"))];
    }

    private static string[] Numbers(string path)
    {
        Dictionary<string, int>? found;
        try { found = JsonSerializer.Deserialize<Dictionary<string, int>>(File.ReadAllText(path)); }
        catch (JsonException) { found = null; }
        if (found is null || !found.Values.Order().SequenceEqual(Enumerable.Range(0, found.Count)))
            throw new UsageException($"{path}: expected tokens with the numbers from 0 on");
        return [.. found.OrderBy(pair => pair.Value).Select(pair => pair.Key)];
    }

    private static Dictionary<char, byte> Bytes()
    {
        var bytes = new Dictionary<char, byte>();
        var next = 256;
        for (var b = 0; b < 256; b++)
            bytes[b is >= '!' and <= '~' or >= 0xA1 and <= 0xAC or >= 0xAE ? (char)b : (char)next++] = (byte)b;
        return bytes;
    }
}
