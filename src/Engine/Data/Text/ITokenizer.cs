namespace Interactive.Data;

/// <summary>Text to token numbers and back. Implementations are safe to use from several threads.</summary>
public interface ITokenizer
{
    /// <summary>Number of different tokens: numbers run from 0 to one less.</summary>
    int Vocabulary { get; }

    /// <summary>The numbers of a text's tokens, in order.</summary>
    /// <exception cref="UsageException">The text holds something that no token stands for; the message shows
    /// it.</exception>
    int[] Encode(string text);

    /// <summary>The text of some tokens. Bytes that are no whole character become U+FFFD.</summary>
    /// <exception cref="UsageException">A number is outside the vocabulary.</exception>
    string Decode(ReadOnlySpan<int> tokens);

    /// <summary>Writes a file that <see cref="Tokenizer.Load"/> reads.</summary>
    void Save(string path);
}
