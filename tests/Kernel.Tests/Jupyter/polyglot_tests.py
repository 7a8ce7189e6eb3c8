"""The package Interactive.Extensions in the real .NET Interactive (Polyglot Notebooks), as a Jupyter kernel."""
import os
import tempfile
import unittest

from kernel_process import KernelTestCase

SETUP = f"""#i "nuget:{os.environ["POLYGLOT_FEED"]}"
#r "nuget: Interactive.Extensions, {os.environ["POLYGLOT_VERSION"]}"
using TorchSharp;
using Interactive.Data;
using Interactive.Extensions.Display;
using Interactive.Extensions.Plots;
using Interactive.Graphs;
using Interactive.Models;
using Interactive.Training;"""

TRAINING = """var data = new SyntheticData(2048, new Shape(1, 28, 28), 10);
var options = new TrainerOptions { Name = "live", Epochs = 12, BatchSize = 16, LearningRate = 0.05, Out = OUT };
new Trainer(Zoo.Create("lenet5", new ModelOptions { Image = data.Shape, Classes = data.Classes }), data, data, options).Run();"""


class PolyglotTests(KernelTestCase):
    kernel = "polyglot"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        outcome = cls("run_cell").run_cell(SETUP)
        if outcome.reply["status"] != "ok":
            raise AssertionError(outcome.reply)

    def shown(self, code):
        """The forms of what a cell shows last."""
        outcome = self.run_cell(code)
        self.assertEqual("ok", outcome.reply["status"], outcome.reply)
        return (outcome.of("display_data") + outcome.of("execute_result"))[-1]["data"]

    def fails(self, code):
        """The text of a cell's error."""
        outcome = self.run_cell(code)
        self.assertEqual("error", outcome.reply["status"])
        return outcome.of("error")[0]["evalue"]

    def test_tensor_has_the_forms_of_our_own_kernel(self):
        forms = self.shown("torch.ones(2, 3)")
        self.assertEqual({"text/html", "text/plain"}, forms.keys())
        self.assertTrue(forms["text/plain"].startswith("Tensor 2x3  Float32  cpu"), forms["text/plain"])

    def test_figure_is_html_and_plotly(self):
        forms = self.shown("""Figure.Lines("A title", "x", "y", Figure.Line("one", [1, 2], [1, 2], "#000000"))""")
        self.assertEqual({"text/html", "application/vnd.plotly.v1+json", "text/plain"}, forms.keys())
        self.assertIn("data:image/png;base64,", forms["text/html"])

    def test_plan_shows_a_figure_and_refuses_in_one_line(self):
        forms = self.shown("#!plan --model resnet14 --batch 4 --image 3x32x32 --budget 70%")
        self.assertIn("resnet14", forms["text/plain"])
        self.assertNotIn("", forms.values())
        error = self.fails("#!plan --model resnet14 --batch 4 --image 3x32x32 --budget 0")
        self.assertIn("budget", error)
        self.assertNotIn("\n", error.strip())

    def test_scaling_predicts(self):
        forms = self.shown("#!scaling --simulate 4,8 --model resnet18 --net 10g")
        self.assertIn("resnet18      8  10g", forms["text/plain"])

    def test_mpirun_runs_a_script_and_tells_how_it_failed(self):
        with tempfile.TemporaryDirectory() as folder:
            script = os.path.join(folder, "ranks.csx")
            with open(script, "w") as file:
                file.write('using Interactive.Collectives; Console.WriteLine($"rank {World.Current.Rank} of {World.Current.Size}");')
            outcome = self.run_cell(f"#!mpirun --ranks 2 --script {script}")
            self.assertEqual("ok", outcome.reply["status"], outcome.reply)
            self.assertEqual(["rank 0 of 2", "rank 1 of 2"], sorted(outcome.text().split("\n"))[-2:])
            error = self.fails(f"#!mpirun --ranks 2 --script {folder}/none.csx")
            self.assertIn(f"no script {folder}/none.csx", error)
            self.assertNotIn("\n", error.strip())

    def test_training_updates_its_figure_in_place(self):
        with tempfile.TemporaryDirectory() as folder:
            outcome = self.run_cell(TRAINING.replace("OUT", f'"{folder}"'))
            self.assertEqual("ok", outcome.reply["status"], outcome.reply)
            first = [m["content"] for m in outcome.messages if m["msg_type"] == "display_data"][0]
            updates = [u for u in outcome.of("update_display_data") if u["transient"] == first["transient"]]
            self.assertGreaterEqual(len(updates), 2)
            self.assertIn("data:image/png;base64,", updates[-1]["data"]["text/html"])


if __name__ == "__main__":
    unittest.main()
