namespace Interactive.Kernel.Fuzzing;

/// <summary>A reader of files, as it is tried with damaged ones.</summary>
internal interface IFuzzTarget
{
    /// <summary>What the command calls it.</summary>
    string Name { get; }

    /// <summary>Writes a whole file, with all that it needs beside it.</summary>
    /// <param name="folder">An empty folder.</param>
    /// <returns>The path of the file that is to be damaged.</returns>
    string Write(string folder);

    /// <summary>Reads the file as the program does.</summary>
    /// <param name="path">What <see cref="Write"/> returned.</param>
    /// <exception cref="UsageException">What is wrong with it, in one line; so may an
    /// <see cref="InvalidDataException"/>.</exception>
    void Read(string path);

    /// <summary>Makes checksums right again, so that what is damaged lies behind them; default: as it is.</summary>
    byte[] Seal(byte[] mutant) => mutant;
}
