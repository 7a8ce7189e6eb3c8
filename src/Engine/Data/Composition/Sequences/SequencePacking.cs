namespace Interactive.Data;

/// <summary>Several short documents in one row of tokens, so that little is padded.</summary>
public static class SequencePacking
{
    /// <summary>
    /// Rows of one length that hold whole documents: the longest first, each into the fullest row that has room (best
    /// fit decreasing). A longer document is cut into rows. Documents are read once, now.
    /// </summary>
    /// <param name="documents">Token numbers.</param>
    /// <param name="length">Tokens a row, one more than a model's context.</param>
    /// <exception cref="UsageException">The length is below 2, there is no document, or documents are random.</exception>
    public static IDataset<PackedRow> Pack(this IDataset<int[]> documents, int length)
    {
        if (length < 2) throw new UsageException($"a row needs at least 2 tokens, got {length}");
        if (documents.Varies) throw new UsageException("documents that are drawn or changed at random cannot be packed, as rows are laid once: put Pack in front of what is random");
        var pieces = new List<(int Document, int[] Tokens)>();
        for (var i = 0; i < documents.Count; i++)
            foreach (var piece in documents[i].Chunk(length)) pieces.Add((i, piece));
        if (pieces.Count == 0) throw new UsageException("there are no tokens to pack");
        var rows = new List<List<int[]>>();
        // rows by the room that they have
        var withRoom = Enumerable.Range(0, length + 1).Select(_ => new Queue<int>()).ToArray();
        // stable: equal ones stay in their order
        foreach (var (_, tokens) in pieces.OrderByDescending(p => p.Tokens.Length))
        {
            var room = tokens.Length;
            while (room < length && withRoom[room].Count == 0) room++;
            int row;
            if (room == length)
            {
                row = rows.Count;
                rows.Add([]);
            }
            else row = withRoom[room].Dequeue();
            rows[row].Add(tokens);
            withRoom[room - tokens.Length].Enqueue(row);
        }
        return new ListDataset<PackedRow>([.. rows.Select(row => new PackedRow(row, length))], null, []);
    }

    /// <summary>
    /// Batches of packed rows: input <c>tokens</c> (batch, length - 1), targets <c>next</c> of that shape, -100 where
    /// the next token is another document's or padding, which cross-entropy leaves out.
    /// </summary>
    /// <param name="rows">What <see cref="Pack"/> made.</param>
    /// <param name="padding">The token behind the last document; default 0.</param>
    public static IBatchSource Batches(this IDataset<PackedRow> rows, int padding = 0)
        => rows.Batches(Collate.From<PackedRow>(samples =>
    {
        var context = samples[0].Length - 1;
        var (input, next) = (new long[samples.Count * context], new long[samples.Count * context]);
        for (var i = 0; i < samples.Count; i++)
            samples[i].Write(input.AsSpan(i * context, context), next.AsSpan(i * context, context), padding);
        return new Batch([new("tokens", TorchSharp.torch.tensor(input, samples.Count, context))],
            [new("next", TorchSharp.torch.tensor(next, samples.Count, context))]);
    }));
}
