"""Applications that the operator ended early."""

from django.db import migrations, models

STAGES = [
    ("draft", "Draft"),
    ("applied", "Applied"),
    ("visited", "Visited"),
    ("approved", "Approved"),
    ("planned", "Planned"),
    ("building", "Building"),
    ("operating", "Operating"),
    ("aftercare", "Aftercare"),
    ("closed", "Closed"),
    ("rejected", "Rejected"),
    ("withdrawn", "Withdrawn"),
    ("stopped", "Stopped"),
]


class Migration(migrations.Migration):
    dependencies = [
        ("programme", "0005_copies_for_judges"),
    ]

    operations = [
        migrations.AlterField(
            model_name="application",
            name="stage",
            field=models.CharField(choices=STAGES, default="applied", max_length=12),
        ),
        migrations.AlterField(
            model_name="stageevent",
            name="stage",
            field=models.CharField(choices=STAGES, max_length=12),
        ),
    ]
