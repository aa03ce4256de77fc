namespace Quire.Conformance.Models;

internal static class TextLoss
{
    /// <summary>-ln p(ids[i + 1] given ids[0..i]), in double.</summary>
    public static double[] Nll(int[] ids, float[][] logits)
    {
        var losses = new double[ids.Length - 1];
        for (int i = 0; i < losses.Length; i++)
        {
            float max = logits[i].Max();
            losses[i] = max + Math.Log(logits[i].Sum(x => Math.Exp((double)x - max))) - logits[i][ids[i + 1]];
        }
        return losses;
    }
}
