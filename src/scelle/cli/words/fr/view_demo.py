"""What the demonstration tells."""

WORDS = {
    "demo.title": "Scellé : tout l’échange sur cet ordinateur, pour de vrai",
    "demo.intro": (
        "Un service, trois organisations, deux responsables de sécurité et une déléguée à la protection des données, "
        "chacun avec son dossier personnel et sa phrase de passe, dans {folder} (17 autres agences viennent à "
        "l’étape 9). Chaque commande est exécutée telle qu’elle est montrée, dans son propre "
        "processus ; on omet --home, et la phrase de passe, donnée par un descripteur de fichier. ✓ marque ce qui a "
        "été comparé et qui est exact. Toutes les personnes des fichiers sont inventées."
    ),
    "demo.org.aphp": "Hôpitaux publics de Paris",
    "demo.org.cnam": "Assurance maladie",
    "demo.org.ars": "Agence régionale de santé d’Île-de-France",
    "demo.plant.name": "le nom d’une patiente",
    "demo.plant.nir": "un numéro de sécurité sociale",
    "demo.plant.sample": "le numéro d’un échantillon",
    "demo.plant.file": "le nom d’un fichier",
    "demo.plant.purpose": "l’objet d’un transfert",
    "demo.plant.share": "une part de libération",
    "demo.claim.status": "« {command} » devait finir avec l’état {wanted}, et a fini avec {status}",
    "demo.claim.output": "« {command} » n’a pas affiché ce dont la commande suivante a besoin",
    "demo.service": "Un service",
    "demo.service.text": (
        "Un exploitant crée un service et le lance. Il portera des fichiers qu’il ne peut pas lire : il n’en "
        "a jamais "
        "la clé. (Entre les membres et le service se tient un relais local, que l’on peut ralentir, pour l’étape 8.)"
    ),
    "demo.join": "Trois organisations rejoignent le service",
    "demo.join.text": (
        "Un groupe hospitalier, l’assureur national et une agence régionale sont invités, chacun par un code "
        "qui sert "
        "une fois et porte l’empreinte du service. Chacun crée ses propres clés, sur son ordinateur. L’assureur et "
        "l’agence ouvrent un guichet et disent de qui ils acceptent des fichiers."
    ),
    "demo.short": "Un transfert qui vit une minute",
    "demo.short.text": (
        "Le groupe hospitalier envoie une alerte qui expire dans une minute ; sa fin vient à l’étape 10. Aussitôt un "
        "voleur copie tout le dossier de données du service : les fichiers chiffrés, la base, et les parts de "
        "libération détenues à cet instant."
    ),
    "demo.short.purpose": "Alerte de foyer",
    "demo.short.stolen": "le voleur a une copie de tout",
    "demo.send": "Les fichiers de la semaine pour deux organisations",
    "demo.send.text": (
        "Un extrait de tests, des messages de laboratoires et un fichier de {size:size} sont scellés sur "
        "l’ordinateur "
        "de l’expéditeur pour les clés de deux guichets. Les noms des fichiers et l’objet sont scellés avec eux."
    ),
    "demo.send.took": (
        "{files:count} fichiers en {milliseconds:count} ms, du disque de l’expéditeur à une entrée de journal prouvée."
    ),
    "demo.open": "L’assureur les ouvre",
    "demo.open.text": (
        "Pour ouvrir, on demande au service l’autre moitié de la clé. Il ne la donne qu’une fois la "
        "libération inscrite à "
        "son journal. Le destinataire signe un reçu ; l’expéditeur voit qui a ouvert, et quand."
    ),
    "demo.open.same": "{count:count} fichiers ouverts par {who} sont, octet pour octet, ceux qui ont été envoyés",
    "demo.open.receipt": "l’expéditeur a le reçu signé de l’assureur",
    "demo.log": "Le journal, vérifié par ceux qui ne le tiennent pas",
    "demo.log.text": (
        "Chaque acte est inscrit dans un journal de Merkle. Chacun peut le rejouer avec la clé de son invitation, "
        "l’exporter, le vérifier sans le service, et garder la preuve d’une entrée."
    ),
    "demo.log.forged": "un export dont un octet a changé est refusé",
    "demo.thief": "Un voleur prend tout le service",
    "demo.thief.text": (
        "Tout ce que le service possède est copié et fouillé, contenus et noms de fichiers, à la recherche de ce que "
        "les fichiers contenaient ; chaque chose sous ces formes : {encodings}."
    ),
    "demo.thief.nothing": (
        "dans {files:count} fichiers, {size:size} (base, fichiers scellés, journaux, mesures) : rien"
    ),
    "demo.thief.memory": "dans la mémoire du service en marche, {size:size} : rien",
    "demo.thief.no-memory": (
        "(Ce système ne laisse pas lire la mémoire du service en marche ; cette fouille est omise.)"
    ),
    "demo.thief.control": (
        "contrôle : la même fouille des mêmes fichiers non scellés, {size:size}, trouve les {count:count}"
    ),
    "demo.freeze": "Un seul geste coupe tout",
    "demo.freeze.text": (
        "L’agence commence à télécharger, sur un réseau de {rate:size} par seconde. Un responsable de "
        "sécurité gèle le "
        "service ; pour lever le gel il en faut deux."
    ),
    "demo.freeze.reason": "Faille soupçonnée, tout s’arrête",
    "demo.freeze.arrived": "{size:size} étaient arrivés au moment du gel",
    "demo.freeze.stopped": (
        "le téléchargement en cours a pris fin : aucun octet plus tard que {milliseconds:count} ms après le "
        "retour du gel "
        "(état {status})"
    ),
    "demo.freeze.nothing-left": "aucun morceau de fichier n’est resté dans le dossier de l’agence",
    "demo.freeze.refused": "Personne n’obtient plus de libération :",
    "demo.freeze.lift": "Un responsable propose la levée ; un autre la confirme :",
    "demo.season": "Les résultats d’une saison pour l’assureur et toutes les agences régionales",
    "demo.season.text": (
        "Les résultats de {people:count} personnes inventées ont été produits entre-temps, avec des fautes semées, et "
        "la vérité à côté. Les autres agences, sur {count:count}, rejoignent le service avec --plaintext-keys, "
        "c’est-à-dire sans phrase de passe, par des commandes dans ce processus-ci, tant elles sont nombreuses. "
        "Une déléguée à la protection des données du groupe "
        "hospitalier délivre la clé de l’index des personnes. Puis une seule commande contrôle chaque ligne, donne à "
        "chaque destinataire sa vue, et envoie l’index à cette déléguée."
    ),
    "demo.season.purpose": "Résultats de la saison",
    "demo.season.joined": (
        "{count:count} agences de plus ont rejoint le service, ouvert un guichet et acceptent les fichiers d’aphp, en "
        "{seconds:count} s (chacune : service invite, join, desk add, desk add, accept ; non montrés)"
    ),
    "demo.season.likewise": "  … de même pour {count:count} autres agences",
    "demo.season.took": "{seconds:count} s, du fichier sur le disque de l’expéditeur à la dernière entrée prouvée.",
    "demo.season.copies": "les {count:count} agences régionales ont chacune leur vue dans ce qui est expliqué",
    "demo.season.rows": "{who} a autant de lignes qu’il en est expliqué : {count:count}",
    "demo.season.once": (
        "d’après la vérité écrite à côté, l’assureur a une fois exactement chacun des {count:count} résultats "
        "positifs qui peuvent partir, et aucun autre"
    ),
    "demo.season.region": (
        "l’agence a, parmi les lignes qui nomment un département, celles de l’assureur pour sa région : toutes, et "
        "aucune autre"
    ),
    "demo.season.persons": (
        "l’index compte de {low:count} à {high:count} personnes ; d’après la vérité il y en a {count:count}"
    ),
    "demo.expiry": "La minute est passée",
    "demo.expiry.text": (
        "Ce qui a expiré est détruit par le service, à l’heure et avec inscription : d’abord les parts de "
        "libération, puis "
        "les fichiers scellés. Le voleur de l’étape 3 vole ensuite les clés mêmes de l’assureur."
    ),
    "demo.expiry.wait": "(Il reste {left:count} s ; on attend.)",
    "demo.expiry.destroyed": "détruit {late:count} s après l’heure, avec une entrée au journal",
    "demo.expiry.erased": (
        "{count:plural sa part|ses} {count:count} {count:plural de libération|parts de libération} ne se "
        "trouvent plus "
        "nulle part dans les données du service"
    ),
    "demo.expiry.shut": (
        "avec tous les fichiers chiffrés et la clé même du destinataire, aucun des {parts:count} fichiers scellés ne "
        "s’ouvre ; le voleur lit une ligne : « {note} »"
    ),
    "demo.expiry.control": (
        "contrôle : la même attaque avec les parts copiées de leur vivant l’ouvre bien. Voilà la limite : qui"
        " a les deux, "
        "avant l’expiration, lit (docs/soundness.md)"
    ),
    "demo.expiry.log": "Le journal se vérifie toujours, et dit ce qui reste :",
    "demo.end": "Les {count:count} comparaisons sont exactes, en {seconds:count} s.",
}
