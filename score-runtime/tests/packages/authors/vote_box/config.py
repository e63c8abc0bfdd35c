# -*- coding: utf-8 -*-
DB_NAME = "vote_box"
MAX_CHOICES = 5
DEBUG = True
