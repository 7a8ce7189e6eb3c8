using System.Runtime.InteropServices;
using System.Text;

namespace Interactive.Data;

/// <summary>
/// Learns byte pairs (Sennrich et al. 2016; over bytes, Radford et al. 2019): begins with the 256 bytes and joins,
/// again and again, the pair that stands side by side most often inside a word; of equals, the pair of the smallest
/// numbers.
/// </summary>
internal sealed class BytePairTraining
{
    private readonly List<byte[]> tokens = [.. Enumerable.Range(0, 256).Select(b => new[] { (byte)b })];
    private readonly List<(List<int> Tokens, int Count)> words = [];
    private readonly Dictionary<(int, int), int> counts = [];
    private readonly Dictionary<(int, int), HashSet<int>> places = []; // words that hold, or held, a pair
    private readonly PriorityQueue<((int, int) Pair, int Count), (int, int, int)> queue = new();

    private BytePairTraining(IEnumerable<string> text)
    {
        var occurrences = new Dictionary<string, int>();
        foreach (var word in text) CollectionsMarshal.GetValueRefOrAddDefault(occurrences, word, out _)++;
        foreach (var (word, count) in occurrences.OrderBy(o => o.Key, StringComparer.Ordinal))
        {
            words.Add(([.. Encoding.UTF8.GetBytes(word)], count));
            CountPairs(words.Count - 1, count);
        }
        foreach (var pair in counts.Keys) Queue(pair);
    }

    /// <summary>
    /// The tokens' bytes in the order in which they were made; fewer than asked for where no pair is left.
    /// </summary>
    public static IReadOnlyList<byte[]> Run(IEnumerable<string> words, int vocabulary)
    {
        var training = new BytePairTraining(words);
        var numbers = new Dictionary<string, int>(); // another pair may have made the same bytes
        while (training.tokens.Count < vocabulary && training.MostFrequent() is { } pair)
        {
            byte[] joined = [.. training.tokens[pair.Item1], .. training.tokens[pair.Item2]];
            if (numbers.TryAdd(Convert.ToHexString(joined), training.tokens.Count)) training.tokens.Add(joined);
            training.Join(pair, numbers[Convert.ToHexString(joined)]);
        }
        return training.tokens;
    }

    private (int, int)? MostFrequent()
    {
        while (queue.TryDequeue(out var entry, out _))
            if (entry.Count > 1 && counts.GetValueOrDefault(entry.Pair) == entry.Count) return entry.Pair;
        return null;
    }

    private void Join((int, int) pair, int joined)
    {
        var touched = new HashSet<(int, int)>();
        foreach (var index in places[pair])
        {
            var (word, count) = words[index];
            touched.UnionWith(Pairs(word));
            CountPairs(index, -count);
            for (var i = 0; i + 1 < word.Count; i++)
                if ((word[i], word[i + 1]) == pair)
                {
                    word[i] = joined;
                    word.RemoveAt(i + 1);
                }
            CountPairs(index, count);
            touched.UnionWith(Pairs(word));
        }
        foreach (var changed in touched) Queue(changed);
    }

    private void CountPairs(int index, int count)
    {
        foreach (var pair in Pairs(words[index].Tokens))
        {
            CollectionsMarshal.GetValueRefOrAddDefault(counts, pair, out _) += count;
            (CollectionsMarshal.GetValueRefOrAddDefault(places, pair, out _) ??= []).Add(index);
        }
    }

    private void Queue((int, int) pair) => queue.Enqueue((pair, counts[pair]), (-counts[pair], pair.Item1, pair.Item2));

    private static IEnumerable<(int, int)> Pairs(List<int> word) => word.Skip(1).Select((next, i) => (word[i], next));
}
