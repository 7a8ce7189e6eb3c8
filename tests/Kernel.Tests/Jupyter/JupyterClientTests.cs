using Interactive.Kernel.Tests.Scripting;

namespace Interactive.Kernel.Tests.Jupyter;

[Collection(ProcessWide.Name)]
[Trait("Speed", "slow")]
public sealed class JupyterClientTests
{
    [SkippableFact]
    public async Task KernelTestSuite_HasNoFailure()
    {
        JupyterClient.Require("jupyter_kernel_test", "python3-jupyter-kernel-test");
        using var client = new JupyterClient();
        await client.Pass("kernel_suite.py", skipped: 1); // the pager, which belongs to IPython
    }

    [SkippableFact]
    public async Task InputInterruptCommsAndShutdown_WorkForJupyterClient()
    {
        JupyterClient.Require("jupyter_client", "python3-jupyter-client");
        using var client = new JupyterClient();
        await client.Pass("client_tests.py");
    }

    [SkippableFact]
    public async Task Notebooks_RunFromTopToBottom()
    {
        JupyterClient.Require("nbconvert", "python3-nbconvert");
        using var client = new JupyterClient();
        using var folder = new TemporaryFolder();
        var own = folder.Write("own.ipynb", """
            {"cells":[{"cell_type":"code","execution_count":null,"metadata":{},"outputs":[],"source":["await Task.Delay(1);\n","WriteLine(\"ran\");\n","6 * 7"]}],
             "metadata":{"kernelspec":{"name":"interactive","display_name":"C# (Interactive)","language":"C#"}},"nbformat":4,"nbformat_minor":5}
            """);
        string[] notebooks = [own,
            .. Directory.GetFiles(Path.Combine(JupyterClient.Tests, "..", "notebooks"), "*.ipynb").Order()
                // the pictures of one are a package's: NotebookRunTests runs it
                .Where(path => Path.GetFileName(path) != "05-your-own-data.ipynb")];
        foreach (var notebook in notebooks)
        {
            // In a folder of its own: what a notebook writes does not stay.
            var place = Directory.CreateDirectory(Path.Combine(folder.Path, Path.GetFileNameWithoutExtension(notebook)))
                .FullName;
            File.Copy(notebook, Path.Combine(place, "in.ipynb"));
            var (exit,
                output) = await client.Run(JupyterClient.Python, place, "-m", "nbconvert", "--to", "notebook",
                "--execute", "--ExecutePreprocessor.kernel_name=interactive",
                "--ExecutePreprocessor.timeout=600", "--output", "out.ipynb", "in.ipynb");
            Assert.True(exit == 0, $"{notebook}\n{output}");
        }
        var executed = File.ReadAllText(Path.Combine(folder.Path, "own", "out.ipynb"));
        Assert.Contains("\"ran\\n\"", executed);
        Assert.Contains("\"42\"", executed);
    }
}
